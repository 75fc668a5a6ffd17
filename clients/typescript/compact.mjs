// Takes out of dist/*.js all that stands between tokens and need not: node compact.mjs

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";

const WORD = /[\w$#]/;

/** The compiler ends each statement by a semicolon, so none of them needs the end of its line. */
function compact(code) {
  const file = ts.createSourceFile("script.js", code, ts.ScriptTarget.Latest, true);
  let written = "";
  const visit = (node) => {
    const text = node.getText(file);
    if (node.getChildCount(file) > 0 || !text) return node.getChildren(file).forEach(visit);
    const [last, first] = [written.at(-1) ?? "", text[0]];
    const isApart = (WORD.test(last) && WORD.test(first)) || (last === first && "+-/".includes(first));
    written += (isApart ? " " : "") + text;
  };
  visit(file);
  return written;
}

for (const name of readdirSync("dist").filter((one) => one.endsWith(".js"))) {
  writeFileSync(`dist/${name}`, compact(readFileSync(`dist/${name}`, "utf8")));
}
