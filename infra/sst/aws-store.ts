import { tableDefinition } from "../../src/backends/dynamodb/definition.ts";
import type { Deployment } from "../settings.ts";

/** A store on AWS, as functions use it. */
export interface AwsStore {
  /** For the service's own parser of variables. */
  environment: Record<string, $util.Input<string>>;
  /** What the functions may do with it, and with nothing else. */
  permissions: Permission[];
}

export interface Permission {
  actions: string[];
  resources: $util.Input<string>[];
}

export function awsStore({ backend, kept }: Deployment): AwsStore {
  const environment = { CAIRN_BACKEND: backend };
  if (backend === "postgres")
    // Over HTTP, as to Neon: a container that is frozen keeps no connection.
    return { environment: { ...environment, CAIRN_POSTGRES_TRANSPORT: "neon" }, permissions: [] };
  if (backend === "redis") return { environment, permissions: [] };
  const objects = objectStore(kept);
  const named = { ...environment, ...objects.environment };
  if (backend === "object") return { environment: named, permissions: objects.permissions };
  const table = tableStore(kept);
  return {
    environment: { ...named, ...table.environment },
    permissions: [...objects.permissions, ...table.permissions],
  };
}

/** A private, encrypted bucket. */
function objectStore(kept: boolean): AwsStore {
  const bucket = new aws.s3.Bucket("Objects", { forceDestroy: !kept }, { protect: kept });
  const of = { bucket: bucket.id };
  new aws.s3.BucketPublicAccessBlock("ObjectsPrivate", {
    ...of,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketServerSideEncryptionConfiguration("ObjectsEncryption", {
    ...of,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
  });
  new aws.s3.BucketLifecycleConfiguration("ObjectsLifecycle", {
    ...of,
    rules: [
      {
        id: "aborted-uploads",
        status: "Enabled",
        filter: {},
        abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
      },
    ],
  });
  new aws.s3.BucketPolicy("ObjectsPolicy", { ...of, policy: onlyEncryptedWire(bucket.arn) });
  return {
    environment: { CAIRN_S3_BUCKET: bucket.bucket },
    permissions: [
      // Every object in it is Cairn's, and keys are made as they are needed.
      {
        actions: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        resources: [$interpolate`${bucket.arn}/*`],
      },
      // Without it, an object that is not there would be 403, not 404.
      { actions: ["s3:ListBucket"], resources: [bucket.arn] },
    ],
  };
}

/** Refuses what comes over plain HTTP: whoever it is, whatever it asks for. */
function onlyEncryptedWire(arn: $util.Output<string>): $util.Output<string> {
  return $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, $interpolate`${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}

/** The table that the driver wants, by its own definition. */
function tableStore(kept: boolean): AwsStore {
  const { KeySchema = [], AttributeDefinitions = [], GlobalSecondaryIndexes = [] } = tableDefinition;
  const keys = (schema: typeof KeySchema) => ({
    hashKey: schema.find(({ KeyType }) => KeyType === "HASH")!.AttributeName!,
    rangeKey: schema.find(({ KeyType }) => KeyType === "RANGE")!.AttributeName!,
  });
  const table = new aws.dynamodb.Table(
    "Pipelines",
    {
      ...keys(KeySchema),
      billingMode: tableDefinition.BillingMode!,
      attributes: AttributeDefinitions.map(({ AttributeName: name, AttributeType: type }) => ({
        name: name!,
        type: type!,
      })),
      globalSecondaryIndexes: GlobalSecondaryIndexes.map(({ IndexName, KeySchema: schema, Projection }) => ({
        name: IndexName!,
        projectionType: Projection!.ProjectionType!,
        ...keys(schema!),
      })),
      // No row of today has it, for the sweep deletes: a later release may, without a change of the table.
      ttl: { attributeName: "ttl", enabled: true },
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true },
      deletionProtectionEnabled: kept,
    },
    { protect: kept },
  );
  const indexes = GlobalSecondaryIndexes.map(
    ({ IndexName }) => $interpolate`${table.arn}/index/${IndexName!}`,
  );
  return {
    environment: { CAIRN_DYNAMO_TABLE: table.name },
    permissions: [
      {
        actions: [
          "dynamodb:GetItem",
          "dynamodb:BatchGetItem",
          "dynamodb:UpdateItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:DescribeTable",
        ],
        resources: [table.arn],
      },
      { actions: ["dynamodb:Query"], resources: [table.arn, ...indexes] },
    ],
  };
}
