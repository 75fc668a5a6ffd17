// The audits of GraphQL over HTTP that the package graphql-http brings, one line for each.

import { serverAudits } from "graphql-http";

for (const audit of serverAudits({ url: process.argv[2] })) {
  const { status, reason } = await audit.fn();
  process.stdout.write(`${JSON.stringify({ id: audit.id, name: audit.name, status, reason })}\n`);
}
