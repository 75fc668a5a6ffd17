// What the viewer was told, and with what outcome.

import { signal, useSignal } from "@preact/signals";
import { useMutation, useQuery } from "@urql/preact";
import { useEffect } from "preact/hooks";
import { problemIn, problemOf } from "../api/client.ts";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { ActionButton } from "../ui/action.tsx";
import { moment, sentence, texts } from "../ui/language.ts";

const NotificationDeliveries = graphql(`
  query NotificationDeliveries {
    notificationDeliveries(first: 20) {
      edges {
        node {
          id
          channel
          event
          status
          attempts
          lastAnswer
          createdAt
        }
      }
    }
  }
`);

const RedeliverNotification = graphql(
  `
    mutation RedeliverNotification($id: ID!) {
      redeliverNotification(id: $id) {
        __typename
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

const POLL = 2000;
/** Something was sent a moment ago: look more often for a while. */
const LOOKS = 8;
const looks = signal(0);

export function wake(): void {
  looks.value = LOOKS;
}

export function Deliveries() {
  const t = texts.value;
  const problem = useSignal<Problem | null>(null);
  const [{ data, error }, read] = useQuery({ query: NotificationDeliveries, requestPolicy: "network-only" });
  const [, redeliver] = useMutation(RedeliverNotification);
  const left = looks.value;

  useEffect(() => {
    if (left === 0) return;
    read({ requestPolicy: "network-only" });
    const timer = setTimeout(() => (looks.value = left - 1), POLL);
    return () => clearTimeout(timer);
  }, [left]);

  async function again(id: string): Promise<void> {
    const { data, error } = await redeliver({ id });
    const answer = data?.redeliverNotification;
    problem.value = problemIn(answer, error);
    wake();
  }

  const edges = data?.notificationDeliveries.edges;
  const wrong = problem.value ?? (error ? problemOf(error) : null);
  return (
    <section class="card">
      <h3>{t.deliveries}</h3>
      <p role="alert" class="problem">
        {wrong && sentence(wrong)}
      </p>
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
