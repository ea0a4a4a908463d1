/**
 * The checkpoints of LangGraph in Cairn. Needs `@langchain/core` and `@langchain/langgraph-checkpoint`.
 *
 * @module
 */
export { ThreadConflictError } from "./conflict.ts";
export { CairnSaver, type CairnSaverOptions } from "./saver.ts";
