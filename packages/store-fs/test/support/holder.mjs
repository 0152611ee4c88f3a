// Holds the folder in argv[2] until it is killed: opens an object, and says so.
import { folderStore } from "../../dist/index.js";

const store = folderStore(process.argv[2]);
await store.open("held");
console.log("ready");
setInterval(() => {}, 1000);
