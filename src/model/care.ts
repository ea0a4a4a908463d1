/** What recovery remembers of a pipeline between two looks at it. */
export interface Care {
  /** How often it was resumed since its version last rose. */
  resumes: number;
  /** The version it was at when it was last resumed. */
  version: number;
  /** How its owner is told of the interruption it is in; null: nobody is to be told. */
  wake: Wake | null;
  /** When the machine that runs it took it up, RFC 3339. Absent: when it was created. */
  since?: string;
}

/** Messages about one interruption. */
export interface Wake {
  /** When it was interrupted, RFC 3339: together with the fence no two interruptions of a pipeline have the same. */
  at: string;
  /** The fence as the interruption left it: a pipeline that held no lease keeps its own. */
  fence: number;
  /** Deliveries tried. */
  tries: number;
  /** `waiting`: the next is due at `lookAt`; `dead`: given up. */
  state: "waiting" | "dead";
}

export const NO_CARE: Care = { resumes: 0, version: 0, wake: null };
