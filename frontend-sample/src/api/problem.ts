// What the matter is, where an answer is not what was asked for.

import { CombinedError } from "@urql/core";
import type { Problem } from "./graphql.ts";

export function isUnauthenticated(error: CombinedError): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions.code === "UNAUTHENTICATED");
}

/** What a top-level error tells beside its message. */
interface Extensions {
  code?: string;
  field?: readonly string[];
  retryAfterSeconds?: number;
}

/** What the matter is where there is no answer at all. */
export function problemOf(error: CombinedError): Problem {
  // There was no token to send it with, for this reason.
  if (error.networkError instanceof CombinedError) return problemOf(error.networkError);
  if (isUnauthenticated(error)) return { code: "UNAUTHENTICATED" };
  const status = (error.response as Response | undefined)?.status;
  if (error.networkError) return { code: status ? "INTERNAL" : "NETWORK" };
  const { code, field, retryAfterSeconds } = (error.graphQLErrors[0]?.extensions ?? {}) as Extensions;
  if (code === "STORAGE_ERROR" || code === "STORAGE_FULL" || code === "UPLOAD_INCOMPLETE") return { code };
  if (code === "RATE_LIMITED") return { code, retryAfterSeconds: retryAfterSeconds ?? null };
  // Where no field is named, it is this page that made the mistake, and not its user.
  return code === "BAD_USER_INPUT" && field ? { code: "INVALID_INPUT", field } : { code: "INTERNAL" };
}

/** Either what was asked for, or what the matter is. */
export type Outcome<Answer> =
  | { readonly answer: Answer; readonly problem: null }
  | { readonly answer: null; readonly problem: Problem };

/** What a document's one field is, where it is no problem. */
export type AnswerIn<Data> = Exclude<Data[keyof Data], { __typename: "Problem" }>;

/** Read the answer to a document that asks for one field. */
export function outcomeOf<Data extends object>(data: Data | undefined, error: CombinedError | undefined): Outcome<AnswerIn<Data>> {
  if (!data) return { answer: null, problem: error ? problemOf(error) : { code: "INTERNAL" } };
  const [found] = Object.values(data) as [{ __typename?: string } | null];
  if (found?.__typename === "Problem") return { answer: null, problem: found as unknown as Problem };
  return { answer: found as AnswerIn<Data>, problem: null };
}
