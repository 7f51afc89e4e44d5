// The live tab's microphone. Samples gather in `pending`; `pump` sends all of them as soon as the last message was
// answered, so nothing is overwritten and nothing queues up. `element` and `server` are given by gr.HTML.
const RATE = 16000;
// The server takes 60 s at most; what is left goes with the next message.
const LONGEST_MESSAGE = 30 * RATE;
// Between an answer and the next message.
const PAUSE_MS = 150;
// An answer that has not come by then never will: the first one may wait for a model to be loaded.
const LATEST_ANSWER = 300_000;
const button = element.querySelector(".najva-live-button");
const language = element.querySelector(".najva-live-language");
const level = element.querySelector(".najva-live-level");
const state = element.querySelector(".najva-live-state");
const chinese = element.querySelector(".najva-live-chinese");
const room = element.querySelector(".najva-live-room");
const captions = element.querySelector(".najva-live-captions");
const draft = element.querySelector(".najva-live-draft");
const full = element.querySelector(".najva-live-full");
const saves = element.querySelectorAll(".najva-live-save");

// Hands over the microphone's samples at the rate asked for. A browser that cannot record at that rate (Firefox) gives
// its own: then each sample is a windowed sinc's sum over its neighbours, which lets no higher pitch fold down.
const WORKLET = `
registerProcessor("tap", class extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.step = sampleRate / rate;
    if (this.step === 1) return;
    // Of a headset that records at less than what is asked for, every pitch is kept.
    const narrowing = Math.max(1, this.step);
    this.reach = Math.ceil(16 * narrowing);
    const cutoff = 0.92 / narrowing;
    this.phases = 256;
    this.kernel = Float32Array.from({ length: 2 * this.reach * this.phases + 1 }, (_, place) => {
      const x = place / this.phases - this.reach;
      const sinc = x ? Math.sin(Math.PI * cutoff * x) / (Math.PI * x) : cutoff;
      return sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / this.reach));
    });
    // From the first sample's half of its neighbours, which were never heard.
    this.held = new Float32Array(this.reach);
    this.at = this.reach;
  }

  process(inputs) {
    const channels = inputs[0];
    if (channels.length) {
      const samples = this.step === 1 ? channels[0].slice() : this.resampled(channels[0]);
      if (samples.length) this.port.postMessage(samples);
    }
    return true;
  }

  resampled(block) {
    const held = new Float32Array(this.held.length + block.length);
    held.set(this.held);
    held.set(block, this.held.length);
    const made = [];
    while (this.at + this.reach < held.length) {
      let sum = 0;
      for (let i = Math.ceil(this.at - this.reach); i <= this.at + this.reach; i++) {
        sum += held[i] * this.kernel[Math.round((i - this.at + this.reach) * this.phases)];
      }
      made.push(sum);
      this.at += this.step;
    }
    const gone = Math.floor(this.at - this.reach);
    this.held = held.slice(gone);
    this.at -= gone;
    return Float32Array.from(made);
  }
});`;

let session = null;
// Everything that stands on the page, with its times, to be saved.
const kept = [];

function base64(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  const bytes = new Uint8Array(pcm.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

// Once a reader has scrolled up to what was said before, new words leave them there.
function follow(change) {
  const isAtEnd = captions.scrollHeight - captions.scrollTop - captions.clientHeight < 60;
  change();
  if (isAtEnd) captions.scrollTop = captions.scrollHeight;
}

function show(caption, target, current) {
  const row = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("p");
  const written = { start: current.offset + caption.start, end: current.offset + caption.end, text: caption.text };
  time.textContent = clock(written.start);
  time.title = caption.language;
  text.textContent = caption.text;
  text.lang = caption.lang;
  text.translate = false;
  // The text's direction is the row's, so that the time of a Persian line stands at its beginning.
  row.dir = caption.dir;
  if (caption.doubtful) row.classList.add("najva-doubtful");
  row.append(time, text);
  follow(() => captions.insertBefore(row, draft));
  kept.push(written);
  for (const save of saves) save.hidden = false;
  if (target) {
    // One after another, beside the sound: a slow translator holds up no caption.
    current.translated = current.translated
      .then(() => translate(caption.number, target, row, written, current))
      .catch(() => {});
  }
}

async function translate(number, target, row, written, current) {
  const answer = await asked(server.chinese, { session: current.name, number, target }, "The server cannot be reached.");
  const line = document.createElement("p");
  line.className = "najva-live-chinese-line";
  if (answer.error) {
    line.append(reason(answer.error));
  } else {
    line.lang = target;
    line.dir = "ltr";
    for (const sentence of answer.sentences) {
      const part = document.createElement("span");
      part.textContent = sentence.text;
      part.translate = false;
      if (sentence.flags.length) {
        part.className = "najva-doubtful";
        part.title = sentence.flags.join(" ");
      }
      line.append(part);
    }
    for (const flag of new Set(answer.sentences.flatMap((sentence) => sentence.flags))) line.append(reason(flag));
    written.chinese = answer.sentences.reduce((joined, { text, flags }) => {
      const gap = /[!-~]$/.test(joined) && /^[!-~]/.test(text) ? " " : "";
      return joined + gap + (flags.length && text ? "(?) " : "") + text;
    }, "");
  }
  follow(() => row.append(line));
}

function reason(text) {
  const small = document.createElement("small");
  small.textContent = text;
  return small;
}

function showDraft(found, current) {
  const [time, firm, pale] = ["time", "b", "i"].map((name) => draft.querySelector(name));
  follow(() => {
    draft.hidden = !(found.firm || found.pale);
    draft.dir = found.dir;
    draft.lang = found.lang;
    current.drafted = found.start;
    time.textContent = clock(current.offset + found.start);
    firm.textContent = found.firm;
    pale.textContent = found.pale;
  });
}

// Gradio's own call never fails: of a server that is gone it returns nothing at all.
async function asked(call, message, otherwise) {
  const late = new Promise((resume) => setTimeout(resume, LATEST_ANSWER));
  try {
    return (await Promise.race([call(message), late])) ?? { error: otherwise };
  } catch (error) {
    return { error: otherwise };
  }
}

function say(line) {
  // Said once: a screen reader would repeat it over the captions.
  if (state.dataset.line !== line) state.textContent = state.dataset.line = line;
}

// Until there is more sound to send. A page that is not looked at has its timers slowed to one a minute; the
// microphone's messages come all the same.
function sound(current) {
  const due = performance.now() + PAUSE_MS;
  return new Promise((resume) => {
    setTimeout(resume, PAUSE_MS);
    current.heard = () => performance.now() >= due && resume();
  });
}

async function pump(current) {
  while (true) {
    if (current.gone) return;
    let [taken, size] = [0, 0];
    while (taken < current.pending.length && size < LONGEST_MESSAGE) size += current.pending[taken++].length;
    const chunks = current.pending.splice(0, taken);
    const last = current.stopping && !current.pending.length;
    const samples = new Float32Array(size);
    let offset = 0;
    for (const chunk of chunks) { samples.set(chunk, offset); offset += chunk.length; }
    if (samples.length || last) {
      current.sent += samples.length;
      const target = chinese.value;
      const message = {
        session: current.name,
        number: current.number++,
        pcm: base64(samples),
        language: language.value,
        target,
        last,
      };
      const answer = await asked(server.push, message, "The server cannot be reached; what was written stays here.");
      if (answer.error) return finish(current, answer.error);
      answer.captions.forEach((caption) => show(caption, target, current));
      showDraft(answer.draft, current);
      element.dataset.sent = current.sent;
      element.dataset.received = answer.received;
      if (answer.ended) return finish(current, answer.ended);
      if (last) return finish(current, "Stopped. Everything you said was heard.");
      if (!current.stopping) say("Listening");
    }
    await sound(current);
  }
}

function release(current) {
  if (current.released) return;
  current.released = true;
  current.stream.getTracks().forEach((track) => track.stop());
  current.context?.close().catch(() => {});
}

function finish(current, line) {
  release(current);
  if (session === current) session = null;
  // Words that were seen stay, doubtful as they are; after an orderly end there are none.
  const unfinished = draft.hidden ? "" : draft.querySelector("p").textContent.trim();
  if (unfinished) {
    const { lang, dir } = draft;
    const start = current.drafted ?? 0;
    show({ text: unfinished, start, end: start + 1, lang, dir, language: "", doubtful: true }, "", current);
  }
  draft.hidden = true;
  button.disabled = false;
  button.textContent = "Start speaking";
  button.dataset.state = "idle";
  level.value = 0;
  say(line);
}

async function start() {
  if (!navigator.mediaDevices) return say("This browser gives pages a microphone over https only.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false } });
  } catch (error) {
    return say("The microphone is not available: allow it for this page, or plug one in.");
  }
  const current = {
    name: crypto.randomUUID(),
    number: 0,
    sent: 0,
    pending: [],
    stopping: false,
    stream,
    // Speech after a stop goes on after it.
    offset: kept.length ? Math.ceil(kept[kept.length - 1].end) : 0,
    translated: Promise.resolve(),
  };
  try {
    await listen(current);
  } catch (error) {
    return finish(current, "This browser cannot hand over the microphone's sound.");
  }
  session = current;
  button.textContent = "Stop";
  button.dataset.state = "speaking";
  say("Listening");
  pump(current).catch(() => finish(current, "The server cannot be reached; what was written stays here."));
}

async function microphone(current) {
  // Best the browser itself resamples to Whisper's own rate.
  for (const options of [{ sampleRate: RATE }, {}]) {
    let context;
    try {
      context = new AudioContext(options);
      const source = context.createMediaStreamSource(current.stream);
      current.context = context;
      return source;
    } catch (error) {
      await context?.close();
      if (!options.sampleRate) throw error;
    }
  }
}

async function listen(current) {
  const source = await microphone(current);
  const { context } = current;
  const script = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
  await context.audioWorklet.addModule(script);
  URL.revokeObjectURL(script);
  const tap = new AudioWorkletNode(context, "tap", {
    numberOfOutputs: 1,
    channelCount: 1,
    channelCountMode: "explicit",
    processorOptions: { rate: RATE },
  });
  tap.port.onmessage = ({ data }) => {
    current.pending.push(data);
    current.heard?.();
    if (!current.released) level.value = Math.min(1, 3 * Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length));
  };
  source.connect(tap).connect(context.destination);
  await context.resume();
  // Unplugged, or no longer allowed: what was said until then is written.
  for (const track of current.stream.getTracks()) track.onended = () => stop(current);
}

function stop(current) {
  if (current.released) return;
  button.disabled = true;
  say("Writing the last sentence…");
  release(current);
  // What the worklet has posted by now is still on its way to `pending`.
  setTimeout(() => (current.stopping = true), 120);
}

button.addEventListener("click", async () => {
  if (session) return stop(session);
  // One microphone, however often it is pressed while the browser asks.
  button.disabled = true;
  await start();
  button.disabled = false;
});
button.dataset.ready = "";
// Whoever leaves holds no microphone and no place.
addEventListener("pagehide", () => {
  const current = session;
  if (!current) return;
  // Whoever comes back to the page as it was may start again.
  current.gone = true;
  finish(current, "This live session has ended; start a new one.");
  // Gradio's own call ends with the page; this one is sent all the same.
  const { id } = window.gradio_config.components.find((one) => one.props.elem_id === "live");
  const data = { session: current.name };
  const body = JSON.stringify({ session_hash: current.name, component_id: id, fn_name: "leave", data });
  const headers = { "Content-Type": "application/json" };
  fetch("gradio_api/component_server", { method: "POST", keepalive: true, headers, body }).catch(() => {});
});

full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : room.requestFullscreen()));
if (!document.fullscreenEnabled) full.hidden = true;

function stamp(seconds) {
  const thousandths = Math.round(seconds * 1000);
  const [hours, minutes, whole] = [thousandths / 3600000, (thousandths / 60000) % 60, (thousandths / 1000) % 60];
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  return `${two(hours)}:${two(minutes)}:${two(whole)},${String(thousandths % 1000).padStart(3, "0")}`;
}

const writers = {
  txt: () => kept.map((one) => [one.text, one.chinese].filter(Boolean).join("\n")).join("\n"),
  srt: () => kept
    .map((one, place) => [place + 1, `${stamp(one.start)} --> ${stamp(one.end)}`, one.text, one.chinese])
    .map((cue) => cue.filter(Boolean).join("\n") + "\n")
    .join("\n"),
};

for (const save of saves) {
  save.addEventListener("click", () => {
    // Made here: what was said never lies on the server's disk.
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([writers[save.dataset.kind]()], { type: "text/plain" }));
    link.download = `captions.${save.dataset.kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
