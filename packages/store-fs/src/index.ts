/** `@holdfast/store-fs`: timelines in a folder. */
export { type FolderStoreOptions, folderStore } from "./folder-store.js";
