import { builtFor, type Deployment } from "../settings.ts";
import type { AwsStore, Permission } from "./aws-store.ts";

/** Longer than the store may take with one write, resends and all. */
const API_SECONDS = 60;
/** A sweep ends by itself after 20 s and what it has begun. */
const SWEEP_SECONDS = 60;

/** How long logs stay. They name pipelines, and never what is in them. */
const LOG_DAYS = { kept: 90, personal: 7 } as const;

export interface Functions {
  api: FunctionMade;
  sweep: FunctionMade;
  /** What sweeps failed, or were not even begun. */
  dead: aws.sqs.Queue;
}

export interface FunctionMade {
  fn: sst.aws.Function;
  log: aws.cloudwatch.LogGroup;
}

interface Common extends AwsStore {
  deployment: Deployment;
  secrets: Record<string, $util.Output<string>>;
}

export function awsFunctions(common: Common): Functions {
  const dead = new aws.sqs.Queue("SweepDeadLetters", {
    messageRetentionSeconds: 14 * 24 * 3600,
    sqsManagedSseEnabled: true,
  });
  const api = makeFunction("Api", "api.handler", API_SECONDS, common, [], {
    // The service has its own list of origins.
    url: { cors: false },
    streaming: true,
  });
  const toDead = { actions: ["sqs:SendMessage"], resources: [dead.arn] };
  const sweep = makeFunction("Sweep", "sweep.handler", SWEEP_SECONDS, common, [toDead]);
  // A sweep that failed is not run again: the next one comes in a minute, and finds what it left.
  new aws.lambda.FunctionEventInvokeConfig("SweepFailures", {
    functionName: sweep.fn.name,
    maximumRetryAttempts: 0,
    maximumEventAgeInSeconds: 60,
    destinationConfig: { onFailure: { destination: dead.arn } },
  });
  everyMinute(sweep.fn, dead);
  return { api, sweep, dead };
}

function makeFunction(
  name: string,
  handler: string,
  seconds: number,
  { deployment, secrets, environment, permissions }: Common,
  more: Permission[],
  url: Pick<sst.aws.FunctionArgs, "url" | "streaming"> = {},
): FunctionMade {
  const log = new aws.cloudwatch.LogGroup(`${name}Log`, {
    retentionInDays: deployment.kept ? LOG_DAYS.kept : LOG_DAYS.personal,
  });
  // A log group's streams are named by Lambda.
  const logging = {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resources: [$interpolate`${log.arn}:*`],
  };
  const fn = new sst.aws.Function(name, {
    ...url,
    // What was tested is what is deployed.
    bundle: builtFor(deployment),
    handler,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: "1024 MB",
    timeout: `${seconds} seconds`,
    environment: { ...deployment.settings, ...environment, ...secrets },
    permissions: [...permissions, ...more, logging],
    logging: { logGroup: log.name, format: "text" },
    // SST lets the role write every log of the account, and the account's other roles take it on.
    transform: {
      role: (args) => {
        args.managedPolicyArns = [];
        args.assumeRolePolicy = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });
      },
    },
  });
  return { fn, log };
}

/** EventBridge Scheduler, as a role that may run this function and keep what did not run. */
function everyMinute(fn: sst.aws.Function, dead: aws.sqs.Queue): void {
  const role = new aws.iam.Role("SweepScheduleRole", {
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "scheduler.amazonaws.com" }),
    inlinePolicies: [
      {
        name: "inline",
        policy: aws.iam.getPolicyDocumentOutput({
          statements: [
            { actions: ["lambda:InvokeFunction"], resources: [fn.arn] },
            { actions: ["sqs:SendMessage"], resources: [dead.arn] },
          ],
        }).json,
      },
    ],
  });
  new aws.scheduler.Schedule("SweepSchedule", {
    scheduleExpression: "rate(1 minute)",
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: fn.arn,
      roleArn: role.arn,
      deadLetterConfig: { arn: dead.arn },
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    },
  });
}
