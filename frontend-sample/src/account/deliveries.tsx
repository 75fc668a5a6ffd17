// What the viewer was told, and with what outcome.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { ActionButton, Alert, Link } from "../ui/controls.tsx";
import { useAnswer, usePage, useWords } from "../ui/page.ts";
import { useTexts } from "./texts.ts";

const NotificationDeliveries = graphql(
  `query NotificationDeliveries {
    notificationDeliveries(first: 20) { edges { node { id channel event videoId fileName status lastAnswer createdAt } } }
  }`,
);

const RedeliverNotification = graphql(
  `mutation RedeliverNotification($id: ID!) { redeliverNotification(id: $id) { __typename ...ProblemFields } }`,
  [problemFields],
);

type Told = ResultOf<typeof NotificationDeliveries>["notificationDeliveries"]["edges"][number]["node"];

const POLL = 2000;

export function Deliveries({ looks, onSent }: { looks: Signal<number>; onSent: () => void }) {
  const texts = useTexts();
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
      <h3>{texts.deliveries}</h3>
      <Alert problem={problem.value ?? told?.problem ?? null} />
      {edges?.length === 0 && <p class="hint">{texts.noDeliveries}</p>}
      <ul class="told">
        {edges?.map(({ node }) => (
          <Delivery key={node.id} node={node} again={() => again(node.id)} />
        ))}
      </ul>
    </section>
  );
}

function Delivery({ node, again }: { node: Told; again: () => Promise<void> }) {
  const texts = useTexts();
  const { t, moment } = useWords();
  const event = texts.events[node.event] ?? node.event;
  return (
    <li data-status={node.status}>
      <span>
        <strong>{event}</strong> {texts.channels[node.channel]}, {moment(node.createdAt)}
        <About node={node} />
        <span class="hint facts">
          {texts.deliveryStatus[node.status]}
          {node.lastAnswer && `: ${texts.answer(node.lastAnswer)}`}
        </span>
      </span>
      {!node.event.startsWith("account.") && (
        <ActionButton aria-label={t.actionOn(texts.deliverAgain, `${event} ${node.fileName ?? ""}`.trim())} onAction={again}>
          {texts.deliverAgain}
        </ActionButton>
      )}
    </li>
  );
}

/** Of which video or file it is; one that is still there has a page of its own. */
function About({ node: { videoId, fileName } }: { node: Told }) {
  const texts = useTexts();
  if (!fileName) return null;
  return (
    <span class="facts about">
      {videoId ? <Link to={`/videos/${videoId}`} aria-label={texts.aboutVideo(fileName)}>{fileName}</Link> : fileName}
    </span>
  );
}
