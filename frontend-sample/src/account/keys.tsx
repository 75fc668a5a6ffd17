// The viewer's keys for programs.

import { useSignal } from "@preact/signals";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { useAnswer, usePage, useWords } from "../ui/page.ts";
import { Entries, Entry } from "./entries.tsx";
import { type Made, NewKey, SCOPES } from "./new-key.tsx";
import { useTexts } from "./texts.ts";

const ReadApiKeys = graphql(`query ApiKeys { apiKeys { id name scopes ending createdAt expiresAt lastUsedAt } }`);

const RevokeApiKey = graphql(
  `mutation RevokeApiKey($id: ID!) { revokeApiKey(id: $id) { __typename ...ProblemFields } }`,
  [problemFields],
);

type ApiKey = ResultOf<typeof ReadApiKeys>["apiKeys"][number];

export function Keys({ onSent }: { onSent: () => void }) {
  const texts = useTexts();
  const { ask } = usePage();
  const made = useSignal<Made | null>(null);
  const problem = useSignal<Problem | null>(null);
  const revoked = useSignal("");
  const [found, read] = useAnswer(ReadApiKeys, {});
  const factsOf = useFacts();

  async function revoke({ id, name }: ApiKey): Promise<void> {
    if (!confirm(texts.revokeSure(name))) return;
    ({ problem: problem.value } = await ask(RevokeApiKey, { id }));
    revoked.value = problem.value ? "" : texts.revoked(name);
    if (made.value?.key.id === id && !problem.value) made.value = null;
    read();
  }

  /** Its owner is told by mail, too. */
  function onMade(): void {
    read();
    onSent();
  }

  return (
    <Entries
      title={texts.keys}
      problem={problem.value ?? found?.problem ?? null}
      ended={revoked.value}
      lines={found?.answer?.map((key) => (
        <Entry
          key={key.id}
          id={key.id}
          name={key.name}
          mark={`…${key.ending}`}
          facts={factsOf(key)}
          action={texts.revoke}
          onAction={() => revoke(key)}
        />
      ))}
    >
      <p class="hint">{texts.keysHint}</p>
      <NewKey made={made} onMade={onMade} />
      {found?.answer?.length === 0 && <p class="hint">{texts.noKeys}</p>}
    </Entries>
  );
}

function useFacts() {
  const texts = useTexts();
  const { moment } = useWords();

  function end(expiresAt: string | null): string {
    if (!expiresAt) return texts.endless;
    return (Date.parse(expiresAt) <= Date.now() ? texts.since : texts.until)(moment(expiresAt));
  }

  return ({ scopes, createdAt, lastUsedAt, expiresAt }: ApiKey): string[] => [
    texts.may(SCOPES.filter((scope) => scopes.includes(scope)).map((scope) => texts.scopeName[scope]).join(", ")),
    texts.created(moment(createdAt)),
    lastUsedAt ? texts.used(moment(lastUsedAt)) : texts.unused,
    end(expiresAt),
  ];
}
