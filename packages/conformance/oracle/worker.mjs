/** The worker that the real workerd runs: a fresh object for each program. */
import { DurableObject } from "cloudflare:workers";
import { runProgram } from "./run-program.mjs";

export class Box extends DurableObject {
  run(steps) {
    return runProgram(this.ctx.storage, steps);
  }
}

export default {
  async fetch(request, env) {
    const programs = await request.json();
    const outcomes = [];
    for (const steps of programs) {
      const box = env.BOX.get(env.BOX.newUniqueId());
      outcomes.push(await box.run(steps).catch((error) => [{ reset: error.message }]));
    }
    return Response.json(outcomes);
  },
};
