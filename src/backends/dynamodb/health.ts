import type { TableDescription } from "@aws-sdk/client-dynamodb";
import type { Health } from "../types.ts";
import { tableDefinition } from "./definition.ts";
import type { Shelves } from "./frames.ts";

/** Whether the table is there and as `tableDefinition` has it, and what its bucket says of itself. */
export async function checkHealth({ table, s3 }: Shelves): Promise<Health> {
  const [ofTable, ofBucket] = await Promise.all([
    table.describe().then(tableProblems, (error) => [tableFailure(error)]),
    s3?.check().catch(() => ["The bucket for frames does not answer."]),
  ]);
  const problems = [...ofTable, ...(ofBucket ?? [])];
  return { ready: problems.length === 0, problems };
}

function tableProblems(table: TableDescription | undefined): string[] {
  const problems: string[] = [];
  if (!isUsable(table?.TableStatus))
    problems.push(`The table is ${table?.TableStatus ?? "missing"}, not ACTIVE.`);
  const keys = keysOf(tableDefinition, tableDefinition);
  if (keysOf(table, table) !== keys) problems.push(`The table's keys are not ${keys}.`);
  for (const wanted of tableDefinition.GlobalSecondaryIndexes ?? []) {
    const index = table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === wanted.IndexName);
    const indexKeys = keysOf(wanted, tableDefinition);
    if (!isUsable(index?.IndexStatus))
      problems.push(`The index ${wanted.IndexName} is ${index?.IndexStatus ?? "missing"}, not ACTIVE.`);
    else if (keysOf(index, table) !== indexKeys)
      problems.push(`The keys of the index ${wanted.IndexName} are not ${indexKeys}.`);
  }
  return problems;
}

function isUsable(status: string | undefined): boolean {
  return status === "ACTIVE" || status === "UPDATING";
}

/** `pk (S), sk (S)`: the keys in their order, with their types. */
function keysOf(
  keyed: Pick<TableDescription, "KeySchema"> | undefined,
  typed: Pick<TableDescription, "AttributeDefinitions"> | undefined,
): string {
  const typeOf = (name: string | undefined) =>
    typed?.AttributeDefinitions?.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  const keys = keyed?.KeySchema ?? [];
  return keys.map(({ AttributeName }) => `${AttributeName} (${typeOf(AttributeName)})`).join(", ");
}

/** Of errors that AWS answers with; none says what was sent. */
const FAILURES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: "There is no such table in DynamoDB.",
  UnrecognizedClientException: "DynamoDB does not know these credentials.",
  InvalidSignatureException: "The secret access key for DynamoDB is wrong.",
  ExpiredTokenException: "The credentials for DynamoDB have expired.",
  AccessDeniedException: "The credentials are not enough: the table cannot be described.",
  CredentialsProviderError: "No credentials for DynamoDB were found.",
};

function tableFailure(error: unknown): string {
  const { cause } = error as { cause?: { name?: string } };
  return FAILURES[cause?.name ?? ""] ?? "DynamoDB does not answer.";
}
