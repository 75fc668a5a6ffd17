// The page: who is here, and which screen that means.

import { useSignal, useSignalEffect } from "@preact/signals";
import { Provider, useMutation } from "@urql/preact";
import { useEffect, useRef } from "preact/hooks";
import { AccountDialog } from "./account/account.tsx";
import { client } from "./api/client.ts";
import { graphql } from "./api/graphql.ts";
import { live } from "./api/live.ts";
import * as session from "./api/session.ts";
import { ForgotPassword } from "./screens/forgot-password.tsx";
import { ResetPasswordScreen } from "./screens/reset-password.tsx";
import { SignIn } from "./screens/sign-in.tsx";
import { SignUp } from "./screens/sign-up.tsx";
import { VerifyEmailScreen } from "./screens/verify-email.tsx";
import { Work } from "./screens/work.tsx";
import { choose, LANGUAGES, type Language, language, texts } from "./ui/language.ts";
import { place } from "./ui/router.tsx";
import { said } from "./ui/tell.ts";
import { removeAll } from "./work/list.ts";
import { isUploading } from "./work/uploads.ts";

const UpdateProfile = graphql(`
  mutation UpdateProfile($input: ProfileInput!) {
    updateProfile(input: $input) {
      __typename
    }
  }
`);

export function App() {
  const user = session.user.value;
  /** Whose account is open; it closes when somebody else is here, or nobody. */
  const account = useSignal<string | null>(null);
  useEffect(() => () => void (account.value = null), [user?.id]);
  const Screen = screen(place.value, user !== null);

  // A new screen begins at its heading, for eyes and for screen readers; the very first one at the top.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.querySelector<HTMLElement>("main h1")?.focus();
    first.current = false;
  }, [Screen]);

  return (
    <Provider value={client}>
      <Head openAccount={() => (account.value = user!.id)} />
      <main>
        <Screen key={user?.id} />
      </main>
      {user && account.value === user.id && <AccountDialog onClose={() => (account.value = null)} />}
      {session.lapsed.value && <SignInAgain />}
      <p role="status" class="unseen">
        <span key={said.value.number}>{said.value.text}</span>
      </p>
    </Provider>
  );
}

function screen(path: string, isSignedIn: boolean) {
  if (path === "/reset-password") return ResetPasswordScreen;
  if (path === "/verify-email") return VerifyEmailScreen;
  if (isSignedIn) return Work;
  if (path === "/sign-up") return SignUp;
  return path === "/forgot-password" ? ForgotPassword : SignIn;
}

function Head({ openAccount }: { openAccount: () => void }) {
  const t = texts.value;
  const user = session.user.value;
  const [, update] = useMutation(UpdateProfile);

  async function signOut(): Promise<void> {
    if (isUploading() && !confirm(t.leaveUploads)) return;
    await removeAll();
    session.end();
  }

  function chooseLanguage(chosen: Language): void {
    choose(chosen);
    // Mails are to speak it too; the page does in any case.
    if (user) void update({ input: { locale: LANGUAGES[chosen].locale } });
  }

  return (
    <header class="head">
      <a class="logo" href="/">
        FIAP X
      </a>
      {user && (
        <span class="live" data-state={live.value}>
          <span class="dot" />
          {t.live[live.value]}
        </span>
      )}
      <span class="space" />
      <select aria-label={t.language} value={language.value} onChange={(e) => chooseLanguage(e.currentTarget.value as Language)}>
        {Object.entries(LANGUAGES).map(([tag, { name }]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
      {user && (
        <>
          <button type="button" class="link who" aria-label={t.actionOn(t.account, user.name)} onClick={openAccount}>
            {user.name}
          </button>
          <button type="button" onClick={signOut}>
            {t.signOut}
          </button>
        </>
      )}
    </header>
  );
}

/** The session is over: the page stays as it is, below, and goes on afterwards. */
function SignInAgain() {
  const dialog = useRef<HTMLDialogElement>(null);
  const show = (): void => dialog.current?.showModal();
  useSignalEffect(() => {
    if (session.lapsed.value && !dialog.current?.open) show();
  });
  // A browser that does not know closedby lets the dialog be closed, but not for long.
  return (
    <dialog ref={dialog} aria-label={texts.value.signIn} closedby="none" onClose={() => session.lapsed.peek() && show()}>
      <SignIn again />
    </dialog>
  );
}
