// Reads objects of KEDA, External Secrets and the Gateway API from its input, as a JSON array, and writes for each what is wrong with it.
//
// The packages' validators refuse wrong types and pass over fields that nobody knows; those of KEDA's are looked up in the
// package's own declarations of the same types. External Secrets' v1 is its v1beta1 under another name, which is known here.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as externalSecrets from "@kubernetes-models/external-secrets/external-secrets.io/v1beta1";
import * as gateway from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import * as keda from "@kubernetes-models/keda/keda.sh/v1alpha1";

const PACKAGES = join(import.meta.dirname, "node_modules");
const DECLARATIONS = join(PACKAGES, "@kubernetes-models/keda/keda.sh/v1alpha1");

/** The names that a file imports, each with the file where it is declared. */
function imports(file, text) {
  const files = new Map();
  for (const [, names, from] of text.matchAll(/^import \{ ([^}]+) \} from "([^"]+)";$/gm)) {
    const path = from.startsWith(".") ? join(dirname(file), from.replace(/\.js$/, "")) : join(PACKAGES, from);
    for (const name of names.split(", ")) files.set(name, `${path}.d.ts`);
  }
  return files;
}

/** Each field that a file's type has, with the file of the field's own type; nothing where it is no object. */
function declared(file) {
  const text = readFileSync(file, "utf8");
  const files = imports(file, text);
  const alias = text.match(/^export type \w+ = (\w+);$/m)?.[1];
  if (alias) return files.has(alias) ? declared(files.get(alias)) : null;
  const body = text.match(/^export interface \w+[^{]*\{\n([^]*?)^\}/m)?.[1];
  if (!body) throw new Error(`${file} declares nothing`);
  const fields = body.matchAll(/^ {4}"(\w+)"\??: (?:Array<)?(\w*)/gm);
  return new Map([...fields].map(([, field, type]) => [field, files.get(type)]));
}

function* unknown(value, file, path) {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unknown(item, file, `${path}/${index}`);
    return;
  }
  const fields = declared(file);
  if (!fields) return;
  for (const [field, inner] of Object.entries(value)) {
    if (!fields.has(field)) yield `${path}/${field} is unknown`;
    else if (fields.get(field)) yield* unknown(inner, fields.get(field), `${path}/${field}`);
  }
}

const MODELS = {
  "keda.sh/v1alpha1": keda,
  "external-secrets.io/v1": externalSecrets,
  "gateway.networking.k8s.io/v1": gateway,
};

function complaints({ apiVersion, ...object }) {
  const isKeda = apiVersion === "keda.sh/v1alpha1";
  const models = MODELS[apiVersion] ?? {};
  if (!Object.hasOwn(models, object.kind)) return [`${apiVersion} ${object.kind} is not known`];
  try {
    new models[object.kind](object).validate();
  } catch (error) {
    return [error.message];
  }
  return isKeda ? [...unknown({ apiVersion, ...object }, join(DECLARATIONS, `${object.kind}.d.ts`), "")] : [];
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(complaints)));
