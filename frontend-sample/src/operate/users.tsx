// Users: who they are, what each may have, and whether they get in.

import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { ActionButton, Dialog } from "../ui/controls.tsx";
import { Field } from "../ui/form.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { doneFields, useBoard, useReading } from "./board.ts";
import { Refusal } from "./refusal.tsx";
import { Table } from "./table.tsx";
import { useTexts } from "./texts.ts";
import { SetPaused } from "./work.tsx";

const ReadAccounts = graphql(
  `query Accounts($email: String!) {
    accounts(first: 20, email: $email) {
      edges { node { id name email role disabledAt maxActiveVideos maxStoredBytes } }
    }
  }`,
);

const SetQuota = graphql(
  `mutation SetQuota($user: ID!, $maxActiveVideos: Int, $maxStoredBytes: BigInt) {
    setQuota(user: $user, maxActiveVideos: $maxActiveVideos, maxStoredBytes: $maxStoredBytes) {
      __typename ...DoneFields ...ProblemFields
    }
  }`,
  [doneFields, problemFields],
);

const SetDisabled = graphql(
  `mutation SetDisabled($user: ID!, $disabled: Boolean!) {
    setDisabled(user: $user, disabled: $disabled) { __typename ...DoneFields ...ProblemFields }
  }`,
  [doneFields, problemFields],
);

type Account = ResultOf<typeof ReadAccounts>["accounts"]["edges"][number]["node"];

export function Users({ paused }: { paused: readonly string[] }) {
  const { t } = useWords();
  const texts = useTexts();
  const email = useSignal("");
  const problem = useSignal<Problem | null>(null);
  const read = useReading(ReadAccounts, { email: email.value });
  const accounts = read.answer?.edges.map(({ node }) => node) ?? [];

  function find(event: SubmitEvent): void {
    event.preventDefault();
    email.value = String(new FormData(event.currentTarget as HTMLFormElement).get("email"));
  }

  return (
    <section class="card" aria-labelledby="users-title">
      <h2 id="users-title">{texts.users}</h2>
      <form class="beside" role="search" onSubmit={find}>
        <Field label={texts.part} name="email" required={false} autocomplete="off" />
        <button>{texts.find}</button>
      </form>
      <Refusal problem={problem.value ?? read.problem} />
      {read.answer && accounts.length === 0 && <p class="hint">{texts.noUsers}</p>}
      {accounts.length > 0 && (
        <Table label={texts.users} heads={[t.email, texts.maxVideos, texts.maxBytes, texts.actions]}>
          {accounts.map((account) => (
            <User key={account.id} account={account} isPaused={paused.includes(account.id)} problem={problem} />
          ))}
        </Table>
      )}
    </section>
  );
}

function User({ account, isPaused, problem }: { account: Account; isPaused: boolean; problem: Signal<Problem | null> }) {
  const { t, number, size } = useWords();
  const { ask } = usePage();
  const { act } = useBoard();
  const texts = useTexts();
  const changing = useSignal(false);
  const { id: user, email, role, disabledAt, maxActiveVideos, maxStoredBytes } = account;

  async function disable(): Promise<void> {
    if (!disabledAt && !confirm(texts.disableSure(email))) return;
    problem.value = await act(() => ask(SetDisabled, { user, disabled: !disabledAt }));
  }

  async function pause(): Promise<void> {
    problem.value = await act(() => ask(SetPaused, { paused: !isPaused, user }));
  }

  const marks = [role === "OPERATOR" && texts.operator, disabledAt && texts.disabled, isPaused && texts.paused].filter(Boolean);
  return (
    <tr>
      <td>
        {email} {marks.length > 0 && <strong>({marks.join(", ")})</strong>}
      </td>
      <td class="numbers">{maxActiveVideos === null ? texts.asAll : number(maxActiveVideos)}</td>
      <td class="numbers">{maxStoredBytes === null ? texts.asAll : size(maxStoredBytes)}</td>
      <td>
        <div class="buttons">
          <button type="button" aria-label={t.actionOn(texts.quota, email)} onClick={() => (changing.value = true)}>
            {texts.quota}
          </button>
          <ActionButton aria-label={t.actionOn(isPaused ? texts.resume : texts.pause, email)} onAction={pause}>
            {isPaused ? texts.resume : texts.pause}
          </ActionButton>
          <ActionButton aria-label={t.actionOn(disabledAt ? texts.enable : texts.disable, email)} onAction={disable}>
            {disabledAt ? texts.enable : texts.disable}
          </ActionButton>
          {changing.value && <Quota account={account} onClose={() => (changing.value = false)} />}
        </div>
      </td>
    </tr>
  );
}

function Quota({ account, onClose }: { account: Account; onClose: () => void }) {
  const { ask } = usePage();
  const { act } = useBoard();
  const texts = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const problem = useSignal<Problem | null>(null);

  async function save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const number = (name: string): number | null => (values.get(name) === "" ? null : Number(values.get(name)));
    const quota = { user: account.id, maxActiveVideos: number("videos"), maxStoredBytes: number("bytes") };
    problem.value = await act(() => ask(SetQuota, quota));
    if (!problem.value) dialog.current?.close();
  }

  const least = { type: "number", min: 0, step: 1, required: false, placeholder: texts.asAll } as const;
  return (
    <Dialog dialog={dialog} id="quota-title" title={`${texts.quota}: ${account.email}`} class="details" onClose={onClose}>
      <form class="form" onSubmit={save}>
        <Refusal problem={problem.value} />
        <Field label={texts.maxVideos} name="videos" defaultValue={account.maxActiveVideos ?? ""} {...least} />
        <Field label={texts.maxBytes} name="bytes" defaultValue={account.maxStoredBytes ?? ""} {...least} />
        <button class="primary">{texts.save}</button>
      </form>
    </Dialog>
  );
}
