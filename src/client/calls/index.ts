/* One module to load: what the two share would be a third. */
export { pipelineCalls } from "./pipeline.ts";
export { serviceCalls } from "./service.ts";
