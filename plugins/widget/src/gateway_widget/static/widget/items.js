// The log as a list of things to show: days, notices, messages in groups. No DOM here.

const TOGETHER = 5 * 60_000;

// What is said when an agent's turn, or the wait for one, is over: `back` unless named here.
const OUTCOMES = { offline: "nobody", refused: "nobody", wait_timeout: "nobody", platform_lost: "lost" };
const FATES = { failed: "failed", delayed: "delayed" };

export function items(conversations, outbox, typing, say) {
  const list = conversations.flatMap((conversation, index) => [
    ...(index ? [{ kind: "divider", key: "c." + conversation.id, text: say("earlier") }] : []),
    ...logged(conversation, index === conversations.length - 1, say),
  ]);
  return grouped(dated([...list, ...outbox.map(outgoing), ...(typing?.text ? [draft(typing)] : [])]));
}

function logged({ id, entries, status }, current, say) {
  const all = [...entries.values()];
  const deliveries = all.filter(({ body }) => body.type === "delivery");
  const fate = new Map(deliveries.map(({ body }) => [body.number, FATES[body.state]]));
  const answers = all.filter(({ body }) => body.type === "said" && body.role === "client");
  const over = !current || status?.floor === "closed";
  return all.flatMap((entry) => {
    if (entry.body.type !== "said") return notice(entry, id, say);
    const answer = answers.find(({ number }) => number > entry.number);
    return said(entry, id, { fate: fate.get(entry.number), over, answer });
  });
}

function said({ number, at, body }, conversation, { fate, over, answer }) {
  const { role, author, message } = body;
  const mine = role === "client";
  const { contents, id } = message;
  const base = { key: mine ? "m." + id : `${conversation}.${number}`, at: at * 1000 };
  if (role === "system" && contents.every(({ type }) => type === "text"))
    return { ...base, kind: "notice", text: contents.map(({ text }) => text).join("\n") };
  const who = { mine, role, name: author.name, avatar: author.avatar_url };
  const pressed = answer?.body.message.contents.find(({ type }) => type === "pressed")?.value ?? null;
  const choices = { spent: over || Boolean(answer), pressed };
  return { ...base, ...who, ...choices, kind: "message", contents, id, number, state: mine ? (fate ?? "sent") : "" };
}

function notice({ number, at, body }, conversation, say) {
  const text = noticeText(body, say);
  return text ? { kind: "notice", key: `${conversation}.${number}`, at: at * 1000, text } : [];
}

function noticeText(body, say) {
  if (body.type === "joined") return say("joined", { name: body.agent.name || say("agent") });
  if (body.type === "moved") return say(body.destination_name ? "moved" : "moved_on", { name: body.destination_name });
  if (body.type === "left") return say(OUTCOMES[body.outcome] ?? "back");
  return body.type === "closed" ? say("ended") : "";
}

function outgoing(item) {
  const { id, at, contents, failed, committed } = item;
  const state = failed ? "refused" : committed ? "sent" : "sending";
  return { kind: "message", key: "m." + id, mine: true, role: "client", at, contents, state, id, item };
}

// What somebody lets be seen while writing it: like the message it becomes, so that nothing jumps then.
function draft({ role, name, text, markup }) {
  return { kind: "message", key: "draft", role, name, draft: true, contents: [{ type: "text", text, markup }] };
}

// Puts a divider before the first thing of each day.
function dated(list) {
  let last = "";
  return list.flatMap((item) => {
    const date = item.at ? new Date(item.at).toDateString() : last;
    if (date === last) return [item];
    last = date;
    return [{ kind: "day", key: "d." + date + item.key, at: item.at }, item];
  });
}

// Marks where a group of one speaker's messages begins and ends.
function grouped(list) {
  return list.map((item, index) => {
    if (item.kind !== "message") return item;
    const [before, after] = [list[index - 1], list[index + 1]];
    const last = !together(item, after);
    return { ...item, first: !together(before, item), last, newest: last && !after };
  });
}

function together(a, b) {
  if (a?.kind !== "message" || b?.kind !== "message" || b.at - a.at > TOGETHER) return false;
  return a.role === b.role && (a.mine || a.name === b.name);
}
