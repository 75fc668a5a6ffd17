import { useSignal } from "@preact/signals";
import { graphql } from "../api/graphql.ts";
import { Field, Form } from "../ui/form.tsx";
import { Link } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";

const RequestPasswordReset = graphql(`mutation RequestPasswordReset($email: String!) { requestPasswordReset(email: $email) }`);

export function ForgotPassword() {
  const { t } = useWords();
  const { ask } = usePage();
  const asked = useSignal(false);

  async function submit({ email = "" }: Record<string, string>) {
    asked.value = false;
    const { problem } = await ask(RequestPasswordReset, { email });
    asked.value = !problem;
    return problem;
  }

  return (
    <Form title={t.forgot} lead={t.forgotHint} submit={t.sendLink} onSubmit={submit} footer={<Link to="/">{t.backToSignIn}</Link>}>
      <Field label={t.email} name="email" type="email" autocomplete="username" />
      <p role="status">{asked.value && t.linkSent}</p>
    </Form>
  );
}
