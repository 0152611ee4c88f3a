/** `@holdfast/testing`: the test kit for Durable Object classes. */
export { runInDurableObject } from "./run-in-durable-object.js";
