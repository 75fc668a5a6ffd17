// What operators did.

import { graphql } from "../api/graphql.ts";
import { useWords } from "../ui/page.ts";
import { useReading } from "./board.ts";
import { Refusal } from "./refusal.tsx";
import { Table } from "./table.tsx";
import { useTexts } from "./texts.ts";

const ReadAuditLog = graphql(
  `query AuditLog {
    auditLog(first: 50) { edges { node { id createdAt operator deed targetKind targetId outcome reason } } }
  }`,
);

export function AuditLog() {
  const { moment } = useWords();
  const texts = useTexts();
  const read = useReading(ReadAuditLog, {});
  const entries = read.answer?.edges.map(({ node }) => node) ?? [];
  return (
    <section class="card" aria-labelledby="audit-title">
      <h2 id="audit-title">{texts.audit}</h2>
      <Refusal problem={read.problem} />
      {read.answer && entries.length === 0 && <p class="hint">{texts.noDeeds}</p>}
      {entries.length > 0 && (
        <Table label={texts.audit} heads={[texts.when, texts.operator, texts.deed, texts.target, texts.outcome]}>
          {entries.map(({ id, createdAt, operator, deed, targetKind, targetId, outcome, reason }) => (
            <tr key={id}>
              <td class="numbers">{moment(createdAt)}</td>
              <td>{operator}</td>
              <td>
                {texts.deeds[deed] ?? deed} {reason && <span class="hint">({reason})</span>}
              </td>
              <td>
                {targetKind} {targetId}
              </td>
              <td>{outcome}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
