/** `@holdfast/store-fs`: timelines in a folder. */
export { folderStore } from "./folder-store.js";
