// The client: urql over HTTP with a session that refreshes itself.

import { type AnyVariables, Client, fetchExchange, type OperationContext } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import type { TadaDocumentNode } from "gql.tada";
import { graphqlUrl } from "../api/places.ts";
import { type AnswerIn, isUnauthenticated, type Outcome, outcomeOf } from "../api/problem.ts";
import type { Tokens } from "./session.ts";

export function createClient(tokens: Tokens): Client {
  return new Client({
    url: graphqlUrl,
    preferGetMethod: false,
    exchanges: [
      authExchange(async (utils) => ({
        addAuthToOperation: (operation) => utils.appendHeaders(operation, tokens.headers()),
        willAuthError: tokens.areNeeded,
        didAuthError: isUnauthenticated,
        refreshAuth: tokens.refresh,
      })),
      fetchExchange,
    ],
  });
}

/** Asks once for what a document's one field is. */
export type Ask = ReturnType<typeof asker>;

export function asker(client: Client) {
  return async <Data extends object, Variables extends AnyVariables>(
    document: TadaDocumentNode<Data, Variables>,
    variables: Variables,
    context: Partial<OperationContext> = {},
  ): Promise<Outcome<AnswerIn<Data>>> => {
    const isMutation = document.definitions.some((one) => one.kind === "OperationDefinition" && one.operation === "mutation");
    const answer = isMutation
      ? client.mutation(document, variables, context)
      : client.query(document, variables, { requestPolicy: "network-only", ...context });
    const { data, error } = await answer.toPromise();
    return outcomeOf(data, error);
  };
}
