import { useMutation } from "@urql/preact";
import { problemOf } from "../api/client.ts";
import { graphql, problemFields } from "../api/graphql.ts";
import * as session from "../api/session.ts";
import { Field, Form } from "../ui/form.tsx";
import { LANGUAGES, language, texts } from "../ui/language.ts";
import { go, Link } from "../ui/router.tsx";

const Register = graphql(
  `
    mutation Register($input: RegisterInput!) {
      register(input: $input) {
        __typename
        ...SessionFields
        ...ProblemFields
      }
    }
  `,
  [session.sessionFields, problemFields],
);

export function SignUp() {
  const t = texts.value;
  const [, register] = useMutation(Register);

  async function submit({ name = "", email = "", password = "" }: Record<string, string>) {
    const { locale } = LANGUAGES[language.value];
    const { data, error } = await register({ input: { name, email, password, locale } });
    if (!data) return problemOf(error!);
    if (data.register.__typename === "Problem") return data.register;
    session.begin(data.register);
    go("/");
    return null;
  }

  return (
    <Form
      title={t.signUp}
      lead={t.tagline}
      submit={t.signUp}
      onSubmit={submit}
      footer={
        <>
          {t.haveAccount} <Link to="/">{t.signIn}</Link>
        </>
      }
    >
      <Field label={t.name} name="name" autocomplete="name" maxLength={255} />
      <Field label={t.email} name="email" type="email" autocomplete="username" />
      <Field label={t.password} name="password" type="password" autocomplete="new-password" minLength={12} maxLength={128} hint={t.passwordHint} />
    </Form>
  );
}
