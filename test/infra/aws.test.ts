import { beforeAll, describe, expect, test } from "vitest";
import { openInNode } from "../../src/backends/configuration/node.ts";
import { tableDefinition } from "../../src/backends/dynamodb/definition.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { overBroad, statementsOf } from "./iam.ts";
import { buildFor, declaredBy, everything, of, STAGES } from "./program.ts";
import type { Declared, Graph } from "./run-program.ts";

const ALWAYS = [
  "cloudwatch.LogGroup ApiLog",
  "cloudwatch.LogGroup SweepLog",
  "cloudwatch.LogMetricFilter InterruptedMetric",
  "cloudwatch.LogMetricFilter SweepBehindMetric",
  "cloudwatch.MetricAlarm ApiErrorsAlarm",
  "cloudwatch.MetricAlarm ApiThrottlesAlarm",
  "cloudwatch.MetricAlarm DeadLettersAlarm",
  "cloudwatch.MetricAlarm InterruptedAlarm",
  "cloudwatch.MetricAlarm SweepErrorsAlarm",
  "cloudwatch.MetricAlarm SweepLagAlarm",
  "cloudwatch.MetricAlarm SweepMissingAlarm",
  "cloudwatch.MetricAlarm SweepThrottlesAlarm",
  "iam.Role ApiRole",
  "iam.Role SweepRole",
  "iam.Role SweepScheduleRole",
  "lambda.Function ApiFunction",
  "lambda.Function SweepFunction",
  "lambda.FunctionEventInvokeConfig SweepFailures",
  "lambda.FunctionUrl ApiUrl",
  "lambda.Permission ApiInvokeFunction",
  "lambda.Permission ApiPublicFunctionUrlAccess",
  "s3.BucketObjectv2 ApiCode",
  "s3.BucketObjectv2 SweepCode",
  "scheduler.Schedule SweepSchedule",
  "sns.Topic Alarms",
  "sqs.Queue SweepDeadLetters",
];
const BUCKET = [
  "s3.Bucket Objects",
  "s3.BucketLifecycleConfiguration ObjectsLifecycle",
  "s3.BucketPolicy ObjectsPolicy",
  "s3.BucketPublicAccessBlock ObjectsPrivate",
  "s3.BucketServerSideEncryptionConfiguration ObjectsEncryption",
];
const STORES = {
  object: BUCKET,
  dynamodb: ["dynamodb.Table Pipelines", ...BUCKET],
  postgres: [],
  redis: [],
} as const;
const BACKENDS = Object.keys(STORES) as (keyof typeof STORES)[];

const ON_OBJECTS = {
  actions: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
  resources: ["arn:mock:aws:s3:Objects/*"],
};
const ON_BUCKET = { actions: ["s3:ListBucket"], resources: ["arn:mock:aws:s3:Objects"] };
const TABLE = "arn:mock:aws:dynamodb:Pipelines";
const ON_TABLE = [
  {
    actions: ["GetItem", "BatchGetItem", "UpdateItem", "BatchWriteItem", "DescribeTable"].map(
      (name) => `dynamodb:${name}`,
    ),
    resources: [TABLE],
  },
  { actions: ["dynamodb:Query"], resources: [TABLE, `${TABLE}/index/byTenant`, `${TABLE}/index/byDue`] },
];
const PERMITTED = {
  object: [ON_OBJECTS, ON_BUCKET],
  dynamodb: [ON_OBJECTS, ON_BUCKET, ...ON_TABLE],
  postgres: [],
  redis: [],
};

const plain = (statements: { actions: string[]; resources: string[] }[]) =>
  statements.map(({ actions, resources }) => ({ actions, resources }));

for (const backend of BACKENDS)
  for (const [stage, kept] of STAGES)
    describe(`AWS, ${backend}, stage ${stage}`, () => {
      let graph: Graph;
      beforeAll(async () => {
        await buildFor("aws", backend);
        const settings = { CAIRN_CORS_ORIGINS: "https://app.example.com" };
        graph = await declaredBy({ ...settings, CAIRN_CLOUD: "aws", CAIRN_BACKEND: backend }, stage);
      });
      const one = (type: string, name: string): Declared => of(graph, type)[name]!;

      test("declares these resources, and no others", () => {
        expect(everything(graph)).toEqual([...ALWAYS, ...STORES[backend]].sort());
      });

      test("no role may do more than it must, and each function what it names", () => {
        expect(overBroad(graph)).toEqual([]);
        const logs = (name: string) => ({
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [`arn:mock:aws:cloudwatch:${name}:*`],
        });
        const toDead = { actions: ["sqs:SendMessage"], resources: ["arn:mock:aws:sqs:SweepDeadLetters"] };
        expect(plain(statementsOf(graph, "ApiRole"))).toEqual([...PERMITTED[backend], logs("ApiLog")]);
        expect(plain(statementsOf(graph, "SweepRole"))).toEqual([
          ...PERMITTED[backend],
          toDead,
          logs("SweepLog"),
        ]);
        expect(plain(statementsOf(graph, "SweepScheduleRole"))).toEqual([
          { actions: ["lambda:InvokeFunction"], resources: ["arn:mock:aws:lambda:SweepFunction"] },
          toDead,
        ]);
      });

      test("its variables are those that the service reads, kept secret, and name the store that is declared", async () => {
        for (const name of ["ApiFunction", "SweepFunction"]) {
          const { inputs, secrets } = one("lambda.Function", name);
          expect(secrets).toContain("environment");
          const { variables } = inputs.environment;
          const { CAIRN_API_KEYS: keys, ...rest } = variables;
          expect(keys).toBe("secret:keys");
          const parsed = parseEnvironment({ ...rest, AWS_REGION: "eu-test-1" }, "node");
          expect(parsed.corsOrigins).toEqual(["https://app.example.com"]);
          const opened = await openInNode(parsed.store);
          expect(opened.name).toBe(backend);
          await opened.close();
          const unknown = Object.keys(variables).filter(
            (each) => !/^(CAIRN|OTEL|SST|DATABASE|UPSTASH)_/.test(each),
          );
          expect(unknown).toEqual([]);
        }
      });

      test("the API streams, answers the public, and leaves origins to the service", () => {
        expect(one("lambda.Function", "ApiFunction").inputs).toMatchObject({
          handler: "api.handler",
          runtime: "nodejs24.x",
          timeout: 60,
          memorySize: 1024,
          loggingConfig: { logFormat: "Text", logGroup: "ApiLog-name" },
        });
        const { inputs } = one("lambda.FunctionUrl", "ApiUrl");
        expect(inputs).toMatchObject({ invokeMode: "RESPONSE_STREAM", authorizationType: "NONE" });
        expect(inputs.cors).toBeUndefined();
      });

      test("the sweep runs every minute, once, and what fails is kept", () => {
        const { inputs } = one("lambda.Function", "SweepFunction");
        expect(inputs).toMatchObject({ handler: "sweep.handler", timeout: 60 });
        const dead = "arn:mock:aws:sqs:SweepDeadLetters";
        expect(one("scheduler.Schedule", "SweepSchedule").inputs).toMatchObject({
          scheduleExpression: "rate(1 minute)",
          target: {
            arn: "arn:mock:aws:lambda:SweepFunction",
            roleArn: "arn:mock:aws:iam:SweepScheduleRole",
            deadLetterConfig: { arn: dead },
            retryPolicy: { maximumRetryAttempts: 0 },
          },
        });
        expect(one("lambda.FunctionEventInvokeConfig", "SweepFailures").inputs).toMatchObject({
          functionName: inputs.name,
          maximumRetryAttempts: 0,
          destinationConfig: { onFailure: { destination: dead } },
        });
        expect(one("sqs.Queue", "SweepDeadLetters").inputs).toMatchObject({
          messageRetentionSeconds: 1_209_600,
          sqsManagedSseEnabled: true,
        });
      });

      test("alarms tell one topic; those of the sweep's own figures are fed by its log", () => {
        const alarms = Object.values(of(graph, "cloudwatch.MetricAlarm"));
        for (const { inputs } of alarms) expect(inputs.alarmActions).toEqual(["arn:mock:aws:sns:Alarms"]);
        const fed = Object.values(of(graph, "cloudwatch.LogMetricFilter")).map(({ inputs }) => {
          expect(inputs.logGroupName).toBe("SweepLog-name");
          return inputs.metricTransformation.name;
        });
        const watched = alarms.filter(({ inputs }) => inputs.namespace === "Cairn");
        expect(watched.map(({ inputs }) => inputs.metricName).sort()).toEqual(fed.sort());
        expect(one("cloudwatch.MetricAlarm", "SweepMissingAlarm").inputs).toMatchObject({
          metricName: "Invocations",
          dimensions: { FunctionName: one("lambda.Function", "SweepFunction").inputs.name },
          comparisonOperator: "LessThanThreshold",
          treatMissingData: "breaching",
        });
      });

      test("logs go after a time", () => {
        for (const name of ["ApiLog", "SweepLog"])
          expect(one("cloudwatch.LogGroup", name).inputs.retentionInDays).toBe(kept ? 90 : 7);
      });

      test("data outlives the stage, unless it is somebody's own", () => {
        expect(graph.app).toMatchObject({ home: "aws", protect: kept, removal: kept ? "retain" : "remove" });
        for (const { protect } of Object.values(of(graph, "s3.Bucket"))) expect(protect).toBe(kept);
        for (const { inputs } of Object.values(of(graph, "s3.Bucket")))
          expect(inputs.forceDestroy).toBe(!kept);
        for (const { inputs, protect } of Object.values(of(graph, "dynamodb.Table"))) {
          expect([inputs.deletionProtectionEnabled, protect]).toEqual([kept, kept]);
          expect(inputs.pointInTimeRecovery).toEqual({ enabled: true });
        }
      });

      test.runIf(STORES[backend].length > 0)(
        "the bucket is private, encrypted, and loses what was broken off",
        () => {
          expect(one("s3.BucketPublicAccessBlock", "ObjectsPrivate").inputs).toEqual({
            bucket: "Objects-id",
            blockPublicAcls: true,
            blockPublicPolicy: true,
            ignorePublicAcls: true,
            restrictPublicBuckets: true,
          });
          const { rules } = one("s3.BucketServerSideEncryptionConfiguration", "ObjectsEncryption").inputs;
          expect(rules).toEqual([{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }]);
          expect(one("s3.BucketLifecycleConfiguration", "ObjectsLifecycle").inputs.rules).toMatchObject([
            { status: "Enabled", abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
          ]);
          const policy = JSON.parse(one("s3.BucketPolicy", "ObjectsPolicy").inputs.policy);
          expect(policy.Statement).toMatchObject([
            { Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } },
          ]);
        },
      );

      test.runIf(backend === "dynamodb")(
        "the table is as the driver wants it, its indexes and its TTL",
        () => {
          const { inputs } = one("dynamodb.Table", "Pipelines");
          expect(inputs).toMatchObject({
            billingMode: "PAY_PER_REQUEST",
            hashKey: "pk",
            rangeKey: "sk",
            ttl: { attributeName: "ttl", enabled: true },
            serverSideEncryption: { enabled: true },
          });
          const { GlobalSecondaryIndexes: wanted = [], AttributeDefinitions: attributes = [] } =
            tableDefinition;
          expect(inputs.globalSecondaryIndexes).toEqual(
            wanted.map(({ IndexName, KeySchema, Projection }) => ({
              name: IndexName,
              hashKey: KeySchema![0]!.AttributeName,
              rangeKey: KeySchema![1]!.AttributeName,
              projectionType: Projection!.ProjectionType,
            })),
          );
          expect(inputs.attributes).toHaveLength(attributes.length);
        },
      );
    });

test("an address for alarms is written to", async () => {
  await buildFor("aws", "object");
  const variables = { CAIRN_CLOUD: "aws", CAIRN_ALARM_EMAIL: "ops@example.com" };
  const graph = await declaredBy(variables, "production");
  expect(of(graph, "sns.TopicSubscription").AlarmsByMail!.inputs).toMatchObject({
    protocol: "email",
    endpoint: "ops@example.com",
  });
});

describe("a policy that is too broad is found", () => {
  const statement = (actions: string[], resources: string[]) =>
    JSON.stringify({ Statement: [{ actions, resources }] });
  const planted: [string, object][] = [
    ["every action", { policy: statement(["s3:*"], ["arn:mock:aws:s3:Objects"]) }],
    ["every resource", { policy: statement(["s3:GetObject"], ["*"]) }],
    ["every bucket", { policy: statement(["s3:GetObject"], ["arn:mock:aws:s3:*"]) }],
    [
      "more on objects than on objects",
      { policy: statement(["s3:PutBucketPolicy"], ["arn:mock:aws:s3:Objects/*"]) },
    ],
    ["every index", { policy: statement(["dynamodb:Query"], [`${TABLE}/index/*`]) }],
    ["every log", { policy: statement(["logs:PutLogEvents"], ["arn:mock:aws:cloudwatch:*"]) }],
    [
      "a managed policy",
      { managedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"] },
    ],
    [
      "the account's own roles",
      {
        assumeRolePolicy: {
          Statement: [{ Principal: { Service: "lambda.amazonaws.com" } }, { Principal: { AWS: "*" } }],
        },
      },
    ],
  ];

  test.each(planted)("%s", async (_what, { policy, ...more }: { policy?: string }) => {
    const assumeRolePolicy = { Statement: [{ Principal: { Service: "lambda.amazonaws.com" } }] };
    const inputs = { assumeRolePolicy, inlinePolicies: policy ? [{ policy }] : [], ...more };
    const role = { type: "aws:iam/role:Role", name: "Planted", inputs, protect: false, secrets: [] };
    expect(overBroad({ resources: [role] } as unknown as Graph)).toHaveLength(1);
  });
});
