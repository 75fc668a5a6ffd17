import "./workers.js";
import "graphiql/style.css";
import "./page.css";

import { pick, useGraphiQL } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { createElement, Fragment, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { filled } from "./known.js";
import { tabs } from "./operations.js";
import { fetcher } from "./requests.js";

// Fills the blanks of a tab's variables when it is opened, and when an answer has come.
function Filler() {
  const { activeTabIndex, isFetching, queryEditor, variableEditor } = useGraphiQL(
    pick("activeTabIndex", "isFetching", "queryEditor", "variableEditor"),
  );
  useEffect(() => {
    const name = /^\s*(?:query|mutation|subscription)\s+(\w+)/m.exec(queryEditor?.getValue() ?? "")?.[1];
    const variables = variableEditor?.getValue();
    if (isFetching || !name || !variables) return;
    const better = filled(name, variables);
    if (better !== variables) variableEditor.setValue(better);
  }, [activeTabIndex, isFetching, queryEditor, variableEditor]);
  return null;
}

const toolbar = createElement(GraphiQL.Toolbar, null, ({ prettify, merge, copy }) =>
  createElement(Fragment, null, prettify, merge, copy, createElement(Filler)),
);

createRoot(document.getElementById("graphiql")).render(
  createElement(
    GraphiQL,
    { fetcher, defaultTabs: tabs, defaultEditorToolsVisibility: "variables", shouldPersistHeaders: false },
    toolbar,
  ),
);
