// Options that the service refuses though they look right from here: asked before the files go, so that they can be mended.

import type { Options } from "../../api/graphql.ts";
import type { Ask } from "../../effects/client.ts";
import { refusalOf, uniqueKey } from "../../effects/upload.ts";
import { KINDS } from "../options.ts";
import type { Wrongs } from "./checked.ts";

interface Sent {
  readonly file: File;
  readonly options: Options;
}

/** The first of these whose options the service refuses, with what is wrong by field. What else may be the matter is told when they are sent. */
export async function refusedFields<One extends Sent>(ask: Ask, sent: readonly One[]): Promise<{ of: One; wrongs: Wrongs } | null> {
  const different = new Map(sent.map((one) => [JSON.stringify(one.options), one]));
  for (const one of different.values()) {
    const problem = await refusalOf(ask, { ...one, key: uniqueKey() }, new AbortController().signal);
    if (problem?.code === "NETWORK") return null;
    const field = problem?.code === "INVALID_INPUT" && problem.field?.includes("options") ? problem.field.at(-1) : undefined;
    if (field) {
      const name = (KINDS as readonly string[]).includes(field) ? "value" : field;
      return { of: one, wrongs: { [name]: { why: "refused", message: problem!.message ?? "" } } };
    }
  }
  return null;
}
