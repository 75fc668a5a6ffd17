// What the viewer was told, and with what outcome.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { ActionButton, Alert } from "../ui/controls.tsx";
import { useAnswer, usePage, useWords } from "../ui/page.ts";

const NotificationDeliveries = graphql(
  `query NotificationDeliveries {
    notificationDeliveries(first: 20) { edges { node { id channel event status attempts lastAnswer createdAt } } }
  }`,
);

const RedeliverNotification = graphql(
  `mutation RedeliverNotification($id: ID!) { redeliverNotification(id: $id) { __typename ...ProblemFields } }`,
  [problemFields],
);

const POLL = 2000;

export function Deliveries({ looks, onSent }: { looks: Signal<number>; onSent: () => void }) {
  const { t, moment } = useWords();
  const { ask } = usePage();
  const problem = useSignal<Problem | null>(null);
  const [told, read] = useAnswer(NotificationDeliveries, {});
  const left = looks.value;

  useEffect(() => {
    if (left === 0) return;
    read();
    const timer = setTimeout(() => (looks.value = left - 1), POLL);
    return () => clearTimeout(timer);
  }, [left]);

  async function again(id: string): Promise<void> {
    ({ problem: problem.value } = await ask(RedeliverNotification, { id }));
    onSent();
  }

  const edges = told?.answer?.edges;
  return (
    <section class="card">
      <h3>{t.deliveries}</h3>
      <Alert problem={problem.value ?? told?.problem ?? null} />
      {edges?.length === 0 && <p class="hint">{t.noDeliveries}</p>}
      <ul class="told">
        {edges?.map(({ node }) => (
          <li key={node.id} data-status={node.status}>
            <span>
              <strong>{t.events[node.event] ?? node.event}</strong> {t.channels[node.channel]}, {moment(node.createdAt)}
              <br />
              <span class="hint">
                {t.deliveryStatus[node.status]}
                {node.lastAnswer && `: ${node.lastAnswer}`}
              </span>
            </span>
            {!node.event.startsWith("account.") && (
              <ActionButton
                aria-label={t.actionOn(t.deliverAgain, t.events[node.event] ?? node.event)}
                onAction={() => again(node.id)}
              >
                {t.deliverAgain}
              </ActionButton>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
