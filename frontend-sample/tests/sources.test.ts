// How the sources are built: nothing that changes stands outside of the store, and imports lead one way.

import { deepEqual } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { test } from "node:test";
import ts from "typescript";

/** Folders may import those before them, and files beside them where that makes no circle. */
const ORDER = ["api", "texts", "state", "effects", "ui", "work", "account", "video", "screens", "app.tsx", "main.tsx", "operate", "operate.tsx"];
const CHANGING = /^(add|clear|copyWithin|delete|fill|pop|push|reverse|set|shift|sort|splice|unshift)$/;
const ASSIGNED = [ts.SyntaxKind.FirstAssignment, ts.SyntaxKind.LastAssignment] as const;

const names = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"));
const program = sourcesIn(names.map((name) => `src/${name}`));
const checker = program.getTypeChecker();

function sourcesIn(files: string[]): ts.Program {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
  return ts.createProgram(files, ts.parseJsonConfigFileContent(config, ts.sys, ".").options);
}

function sources(): ts.SourceFile[] {
  return program.getSourceFiles().filter(({ fileName, isDeclarationFile }) => !isDeclarationFile && !fileName.includes("node_modules"));
}

function within(node: ts.Node): ts.Node[] {
  return [node, ...node.getChildren().flatMap(within)];
}

function where(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${file.fileName.replace(/.*\bsrc\//, "")}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.getText()}`;
}

/** What a node changes, if it changes anything: the left of an assignment, what is deleted, or what a method of it changes. */
function changed(node: ts.Node): ts.Node | undefined {
  const { SyntaxKind } = ts;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind >= ASSIGNED[0] && node.operatorToken.kind <= ASSIGNED[1]) return node.left;
  if (ts.isPostfixUnaryExpression(node)) return node.operand;
  const steps = [SyntaxKind.PlusPlusToken, SyntaxKind.MinusMinusToken];
  if (ts.isPrefixUnaryExpression(node) && steps.includes(node.operator)) return node.operand;
  if (ts.isDeleteExpression(node)) return node.expression;
  const called = ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) ? node.expression : undefined;
  return called && CHANGING.test(called.name.text) ? called.expression : undefined;
}

/** Whether what is changed belongs to a variable of one of our modules. */
function isOfModule(node: ts.Node): boolean {
  let root = node;
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root) || ts.isNonNullExpression(root)) root = root.expression;
  if (!ts.isIdentifier(root)) return false;
  let symbol = checker.getSymbolAtLocation(root);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  const declared = symbol?.valueDeclaration;
  return declared !== undefined && sources().includes(declared.getSourceFile()) && isTopLevel(declared);
}

function isTopLevel(declared: ts.Node): boolean {
  const statement = declared.parent.parent;
  return ts.isVariableDeclaration(declared) && ts.isVariableStatement(statement) && ts.isSourceFile(statement.parent);
}

function imported(file: ts.SourceFile): string[] {
  return ts
    .preProcessFile(file.text)
    .importedFiles.filter(({ fileName }) => fileName.startsWith(".") && !fileName.endsWith(".d.ts"))
    .map(({ fileName }) => relative("/src", new URL(fileName, `file:///src/${inSrc(file.fileName)}`).pathname));
}

function inSrc(path: string): string {
  return path.replace(/.*\bsrc\//, "");
}

test("no module has a variable that changes", () => {
  const isVariable = (one: ts.Node): boolean => ts.isVariableStatement(one) && !(one.declarationList.flags & ts.NodeFlags.Const);
  const declared = sources().flatMap(({ statements }) => statements.filter(isVariable));
  const mutated = sources().flatMap(within).filter((node) => {
    const what = changed(node);
    return what !== undefined && isOfModule(what);
  });
  deepEqual([...declared, ...mutated].map(where), []);
});

test("no imports go around in a circle, nor against the order of the folders", () => {
  const imports = new Map(sources().map((file) => [inSrc(file.fileName), imported(file)]));
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const next of imports.get(from) ?? []) if (!seen.has(next)) reached(next, seen.add(next));
    return seen;
  };
  deepEqual([...imports.keys()].filter((name) => reached(name).has(name)), []);
  const room = (name: string): number => ORDER.indexOf(name.split("/")[0]!);
  const all = [...imports].flatMap(([name, found]) => found.map((other) => [name, other] as const));
  const against = all.filter(([name, other]) => room(other) > room(name));
  deepEqual(against, []);
});

test("no source is longer than can be read at one sitting", () => {
  deepEqual(sources().filter(({ text }) => text.split("\n").length > 250).map(({ fileName }) => inSrc(fileName)), []);
});
