/** The arguments of `transaction()` of both kinds of storage (`spec/kv` §5.1). */
import { optionsObject } from "../kv/list-options.js";
import { AS_OF_TIME, notOfType } from "../messages.js";

/** The closure. Options are checked and have no effect. @throws TypeError */
export function transactionClosure(args: readonly unknown[], owner: string): (txn: unknown) => unknown {
  const [closure, options] = args;
  if (typeof closure !== "function") throw notOfType("transaction", owner, 1, "function");
  const time = optionsObject(options, "transaction", owner, 2, "TransactionOptions")?.["asOfTime"];
  if (time !== undefined && typeof time !== "number" && !(time instanceof Date)) throw new TypeError(AS_OF_TIME);
  return closure as (txn: unknown) => unknown;
}
