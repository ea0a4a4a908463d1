import type { SurvivalCurve } from "./hazard/curve.ts";
import type { Predictor } from "./hazard/predictor.ts";
import { type Profile, predictorOf } from "./profile.ts";

/** What was learned of a kind, made ready to decide by. */
export interface Knowledge {
  profile: Profile;
  predictor: Predictor;
  /** Survival of the kind's machines by age. */
  curve: SurvivalCurve;
}

/** What machines are taken for until some have died: a day between failures. */
export const PRIOR_MTBF_SECONDS = 86_400;

/** Costs a few milliseconds: keep it for as long as the profile is the same. */
export function knowledgeOf(profile: Profile, priorMtbfSeconds = PRIOR_MTBF_SECONDS): Knowledge {
  const predictor = predictorOf(profile, priorMtbfSeconds);
  return { profile, predictor, curve: predictor.curve() };
}
