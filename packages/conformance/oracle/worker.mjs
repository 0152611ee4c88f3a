/** The worker that the real workerd runs: a fresh object for each program. */
import { DurableObject } from "cloudflare:workers";
import { countMicrotasks } from "./count-microtasks.mjs";
import { runProgram } from "./run-program.mjs";
import { roomClass, runSession } from "./run-session.mjs";
import { runSpeed, speedClass } from "./speed.mjs";

/** Objects of a session have names of its own. */
let sessions = 0;
let session = 0;
const room = (env, object) => env.ROOM.getByName(`${session}/${object}`);

export class Room extends roomClass(DurableObject, room) {
  microtasks() {
    return countMicrotasks(this.ctx);
  }
}

export class Box extends DurableObject {
  run(steps) {
    return runProgram(this.ctx.storage, steps);
  }
}

export class Speed extends speedClass(DurableObject) {}

export default {
  async fetch(request, env) {
    const [, method, count] = new URL(request.url).pathname.split("/");
    if (count !== undefined) {
      const others = Array.from({ length: 100 }, (_, i) => env.SPEED.getByName(`speed ${i}`));
      await runSpeed(env.SPEED.getByName("speed"), method, Number(count), others);
      return new Response();
    }
    if (method === "microtasks") return Response.json(await env.ROOM.getByName(method).microtasks());
    const programs = await request.json();
    if (method === "sessions") {
      const outcomes = [];
      for (const program of programs) {
        session = sessions++;
        outcomes.push(await runSession((object) => room(env, object), program));
      }
      return Response.json(outcomes);
    }
    const outcomes = [];
    for (const steps of programs) {
      const box = env.BOX.get(env.BOX.newUniqueId());
      outcomes.push(await box.run(steps).catch((error) => [{ reset: error.message }]));
    }
    return Response.json(outcomes);
  },
};
