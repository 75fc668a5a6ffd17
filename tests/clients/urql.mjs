// urql's core, as its bindings for React, Preact, Vue and Svelte use it, with graphql-ws for subscriptions.

import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
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
const client = new Client({
  url: ask.url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: ask.authorization } },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

function data(result) {
  if (result.error) throw result.error;
  return result.data;
}

ask.say("query", data(await client.query(ask.ME, {})).me);
ask.say("problem", { code: data(await client.query(ask.NOBODYS, ask.UNKNOWN)).video.code });
const { error } = await client.query(ask.TOO_MANY, {});
ask.say("error", { code: error.graphQLErrors[0].extensions.code });

const uploaded = data(await client.mutation(ask.UPLOAD, { file: ask.file() })).uploadVideo;
ask.say("upload", uploaded);

client.subscription(ask.STATUS, { id: uploaded.id }).subscribe((result) => {
  ask.say("event", { status: data(result).videoStatus.status });
  if (result.data.videoStatus.status === "COMPLETED") {
    ask.say("complete");
    socket.dispose();
  }
});
