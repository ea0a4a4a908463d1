import type { Deployment } from "../settings.ts";
import { awsAlarms } from "./aws-alarms.ts";
import { awsFunctions } from "./aws-functions.ts";
import { awsStore } from "./aws-store.ts";
import { secretsFor } from "./secrets.ts";

/** Cairn on AWS: the API behind a Function URL, the sweep every minute, their store, and what watches them. */
export function deployToAws(deployment: Deployment) {
  const secrets = secretsFor(deployment.backend);
  const functions = awsFunctions({ ...awsStore(deployment), secrets, deployment });
  const topic = awsAlarms(functions, deployment);
  return { url: functions.api.fn.url, alarms: topic.arn };
}
