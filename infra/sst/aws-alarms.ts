import type { Deployment } from "../settings.ts";
import type { FunctionMade, Functions } from "./aws-functions.ts";

const NAMESPACE = "Cairn";
/** So many in five minutes are more than machines that come and go. */
const MANY_INTERRUPTED = 10;

interface Watched {
  namespace: string;
  metric: string;
  dimensions?: Record<string, $util.Input<string>>;
  /** Alarms from this on, in a period of five minutes. @default 1 */
  from?: number;
  /** Periods in a row. @default 1 */
  periods?: number;
  /** Alarms below `from` instead, and where there is no figure at all. */
  below?: boolean;
}

/** What somebody should know of, told to one topic. */
export function awsAlarms({ api, sweep, dead }: Functions, { alarmEmail }: Deployment): aws.sns.Topic {
  const topic = new aws.sns.Topic("Alarms");
  if (alarmEmail !== null)
    new aws.sns.TopicSubscription("AlarmsByMail", {
      topic: topic.arn,
      protocol: "email",
      endpoint: alarmEmail,
    });
  sweepMetrics(sweep.log);
  const watched: Record<string, Watched> = {
    ApiErrors: ofFunction(api, "Errors"),
    ApiThrottles: ofFunction(api, "Throttles"),
    SweepErrors: ofFunction(sweep, "Errors"),
    SweepThrottles: ofFunction(sweep, "Throttles"),
    SweepMissing: { ...ofFunction(sweep, "Invocations"), below: true },
    // A sweep ended before what was due, a quarter of an hour long.
    SweepLag: { namespace: NAMESPACE, metric: ofStage("SweepBehind"), periods: 3 },
    Interrupted: { namespace: NAMESPACE, metric: ofStage("Interrupted"), from: MANY_INTERRUPTED },
    DeadLetters: {
      namespace: "AWS/SQS",
      metric: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: dead.name },
    },
  };
  for (const [name, each] of Object.entries(watched)) alarm(name, each, topic);
  return topic;
}

function ofFunction({ fn }: FunctionMade, metric: string): Watched {
  return { namespace: "AWS/Lambda", metric, dimensions: { FunctionName: fn.name } };
}

/** The sweep logs what it did as a line of JSON. */
function sweepMetrics(log: aws.cloudwatch.LogGroup): void {
  const metrics = {
    Interrupted: { pattern: '{ $.event = "sweep" }', value: "$.interrupted" },
    SweepBehind: { pattern: '{ ($.event = "sweep") && ($.more IS TRUE) }', value: "1" },
  };
  for (const [name, { pattern, value }] of Object.entries(metrics))
    new aws.cloudwatch.LogMetricFilter(`${name}Metric`, {
      logGroupName: log.name,
      pattern,
      metricTransformation: { namespace: NAMESPACE, name: ofStage(name), value },
    });
}

/** A filter's dimensions are fields of the line, never fixed: so the stage is a part of the name. */
function ofStage(metric: string): string {
  return `${metric}-${$app.stage}`;
}

function alarm(
  name: string,
  { namespace, metric, dimensions, from = 1, periods = 1, below = false }: Watched,
  topic: aws.sns.Topic,
): void {
  new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
    namespace,
    metricName: metric,
    dimensions,
    statistic: "Sum",
    period: 300,
    evaluationPeriods: periods,
    threshold: from,
    comparisonOperator: below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
    treatMissingData: below ? "breaching" : "notBreaching",
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  });
}
