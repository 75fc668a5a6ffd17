// Apollo Client 4 with its HTTP, upload and graphql-ws links.

import { ApolloClient, ApolloLink, InMemoryCache, gql } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition } from "@apollo/client/utilities";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import * as ask from "./conversation.mjs";

const socket = createClient({
  url: ask.wsUrl,
  webSocketImpl: WebSocket,
  connectionParams: () => ({ authorization: ask.authorization }),
  retryWait: ask.retryWait,
  shouldRetry: () => true,
});
const client = new ApolloClient({
  cache: new InMemoryCache(),
  defaultOptions: { query: { fetchPolicy: "no-cache" } },
  link: ApolloLink.split(
    ({ query }) => getMainDefinition(query).operation === "subscription",
    new GraphQLWsLink(socket),
    new UploadHttpLink({ uri: ask.url, headers: { authorization: ask.authorization } }),
  ),
});

const me = await client.query({ query: gql(ask.ME) });
ask.say("query", me.data.me);

const nobodys = await client.query({ query: gql(ask.NOBODYS), variables: ask.UNKNOWN });
ask.say("problem", { code: nobodys.data.video.code });

try {
  await client.query({ query: gql(ask.TOO_MANY) });
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  ask.say("error", { code: error.errors[0].extensions.code });
}

const uploaded = await client.mutate({ mutation: gql(ask.UPLOAD), variables: { file: ask.file() } });
ask.say("upload", uploaded.data.uploadVideo);

client
  .subscribe({ query: gql(ask.STATUS), variables: { id: uploaded.data.uploadVideo.id } })
  .subscribe({
    next: ({ data, error }) => {
      if (error) throw error;
      ask.say("event", { status: data.videoStatus.status });
    },
    error: (error) => {
      throw error;
    },
    complete: async () => {
      ask.say("complete");
      await socket.dispose();
    },
  });
