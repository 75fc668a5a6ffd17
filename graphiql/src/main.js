import "./workers.js";
import "graphiql/style.css";
import "./page.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { parse } from "graphql";
import { createClient } from "graphql-ws";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { tabs } from "./operations.js";
import * as session from "./session.js";

const url = `${location.origin}/graphql`;

async function fetchAndLearn(input, init) {
  const headers = new Headers(init.headers);
  const given = headers.get("authorization");
  if (given) session.become(given);
  else if (session.current()) headers.set("authorization", session.current());
  const answer = await fetch(input, { ...init, headers });
  if (answer.headers.get("content-type")?.includes("json")) session.learn(await answer.clone().json());
  return answer;
}

const send = createGraphiQLFetcher({
  url,
  fetch: fetchAndLearn,
  wsClient: createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: () => ({ authorization: session.current() }),
  }),
});

// Right after a change of tabs GraphiQL still names the operation of the tab before, and hands on its document.
function fetcher(params, options) {
  const documentAST = parsed(params.query);
  const names = (documentAST?.definitions ?? []).filter((one) => one.operation).map((one) => one.name?.value);
  const operationName = names.length === 1 ? names[0] : params.operationName;
  return send({ ...params, operationName }, { ...options, documentAST });
}

function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // The server says what is wrong with it.
  }
}

createRoot(document.getElementById("graphiql")).render(
  createElement(GraphiQL, {
    fetcher,
    defaultTabs: tabs,
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
  }),
);
