// What the account says of sessions and keys; whoever does not open it does not load this.

import { useWords } from "../ui/page.ts";
import type { Language } from "../texts/words.ts";

const en = {
  sessions: "Where you are signed in",
  thisOne: "this one",
  on: (browser: string, system: string) => `${browser} on ${system}`,
  nameless: "A program that gave no name",
  signedIn: (moment: string) => `Signed in ${moment}`,
  lastActive: (moment: string) => `Last active ${moment}`,
  end: "End",
  endSure: (name: string) => `End this session: ${name}? Whoever uses it has to sign in again.`,
  endThisSure: "Sign out here?",
  ended: (name: string) => `${name}: signed out.`,
  keys: "Keys for programs",
  keysHint: "A program sends a key in place of your password, and may do no more than you tick.",
  noKeys: "None yet.",
  newKey: "Create a key",
  nameHint: "The program that is to use it.",
  scopes: "What it may do",
  scope: {
    READ: "Read: see your videos, download their frames",
    UPLOAD: "Upload: send videos, process them again",
    DELETE: "Delete: cancel and delete videos",
  },
  scopeName: { READ: "read", UPLOAD: "upload", DELETE: "delete" },
  may: (scopes: string) => `May ${scopes}`,
  expires: "Expires",
  expiry: { 30: "In 30 days", 90: "In 90 days", 365: "In a year", 0: "Never" },
  create: "Create the key",
  shownOnce: (name: string) => `The key of ${name}. Keep it now, it is not shown again:`,
  copy: "Copy the key",
  copied: "Copied.",
  selected: "The key is selected: copy it with your keyboard or a menu.",
  created: (moment: string) => `Created ${moment}`,
  used: (moment: string) => `Last used ${moment}`,
  unused: "Never used",
  until: (moment: string) => `Expires ${moment}`,
  since: (moment: string) => `Expired ${moment}`,
  endless: "Does not expire",
  revoke: "Revoke",
  revokeSure: (name: string) => `Revoke ${name}? Programs that use it are refused at once.`,
  revoked: (name: string) => `${name} is revoked.`,
  tooMany: "You have as many keys as there may be. Revoke one that you no longer need.",
  invalid: {
    name: "1 to 100 characters.",
    scopes: "Tick what the key may do.",
    expiresAt: "That is past already. Is the clock of this device right?",
  } as Record<string, string>,
};

type Texts = typeof en;

const ptBR: Texts = {
  sessions: "Onde sua conta está aberta",
  thisOne: "esta",
  on: (browser, system) => `${browser} no ${system}`,
  nameless: "Um programa que não disse o nome",
  signedIn: (moment) => `Entrou em ${moment}`,
  lastActive: (moment) => `Última atividade em ${moment}`,
  end: "Encerrar",
  endSure: (name) => `Encerrar esta sessão: ${name}? Quem a usa terá de entrar de novo.`,
  endThisSure: "Sair daqui?",
  ended: (name) => `${name}: sessão encerrada.`,
  keys: "Chaves para programas",
  keysHint: "Um programa envia uma chave no lugar da sua senha e não pode mais do que você marcar.",
  noKeys: "Nenhuma ainda.",
  newKey: "Criar uma chave",
  nameHint: "O programa que vai usá-la.",
  scopes: "O que ela pode fazer",
  scope: {
    READ: "Ler: ver seus vídeos, baixar os quadros",
    UPLOAD: "Enviar: mandar vídeos, processá-los de novo",
    DELETE: "Excluir: cancelar e excluir vídeos",
  },
  scopeName: { READ: "ler", UPLOAD: "enviar", DELETE: "excluir" },
  may: (scopes) => `Pode ${scopes}`,
  expires: "Expira",
  expiry: { 30: "Em 30 dias", 90: "Em 90 dias", 365: "Em um ano", 0: "Nunca" },
  create: "Criar a chave",
  shownOnce: (name) => `Chave de ${name}. Guarde-a agora, ela não será mostrada de novo:`,
  copy: "Copiar a chave",
  copied: "Copiada.",
  selected: "A chave está selecionada: copie-a com o teclado ou um menu.",
  created: (moment) => `Criada em ${moment}`,
  used: (moment) => `Usada por último em ${moment}`,
  unused: "Nunca usada",
  until: (moment) => `Expira em ${moment}`,
  since: (moment) => `Expirou em ${moment}`,
  endless: "Não expira",
  revoke: "Revogar",
  revokeSure: (name) => `Revogar ${name}? Programas que a usam serão recusados na hora.`,
  revoked: (name) => `${name} foi revogada.`,
  tooMany: "Você já tem o máximo de chaves. Revogue uma de que não precisa mais.",
  invalid: {
    name: "De 1 a 100 caracteres.",
    scopes: "Marque o que a chave pode fazer.",
    expiresAt: "Isso já passou. O relógio deste aparelho está certo?",
  },
};

const TEXTS: Readonly<Record<Language, Texts>> = { en, "pt-BR": ptBR };

export function useTexts(): Texts {
  return TEXTS[useWords().language];
}
