// The viewer's account: what they are told, what they were told, what is open in their name, and their data.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Dialog } from "../ui/controls.tsx";
import { useWords } from "../ui/page.ts";
import { Deliveries } from "./deliveries.tsx";
import { Keys } from "./keys.tsx";
import { DeleteAccount, ExportMyData, VideosFromBefore } from "./my-data.tsx";
import { Notifications } from "./notifications.tsx";
import { Sessions } from "./sessions.tsx";

/** Something was sent a moment ago: look so many times more whether it has arrived. */
const LOOKS = 8;

export function AccountDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const looks = useSignal(0);
  const onSent = (): void => void (looks.value = LOOKS);

  return (
    <Dialog dialog={dialog} class="details account" id="account-title" title={t.account} onClose={onClose}>
      <Notifications onSent={onSent} />
      <Deliveries looks={looks} onSent={onSent} />
      <Sessions />
      <Keys onSent={onSent} />
      <section class="card">
        <h3>{t.myData}</h3>
        <ExportMyData />
        <VideosFromBefore />
        <DeleteAccount />
      </section>
    </Dialog>
  );
}
