// The live tab's microphone. Samples gather in `pending`; `pump` sends all of them as soon as the last message was
// answered, so nothing is overwritten and nothing queues up. `element` and `server` are given by gr.HTML.
const RATE = 16000;
// 30 s in the worklet's chunks of 128 samples: the server takes 60 s at most; what is left goes with the next message.
const CHUNKS_PER_MESSAGE = (30 * RATE) / 128;
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

const WORKLET = `
registerProcessor("tap", class extends AudioWorkletProcessor {
  process(inputs) {
    const channels = inputs[0];
    if (channels.length) this.port.postMessage(channels[0].slice());
    return true;
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

function show(caption, current) {
  const row = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("p");
  const written = { start: current.offset + caption.start, end: current.offset + caption.end, text: caption.text };
  time.textContent = clock(written.start);
  time.title = caption.language;
  text.textContent = caption.text;
  text.lang = caption.code;
  // The text's direction is the row's, so that the time of a Persian line stands at its beginning.
  row.dir = "auto";
  if (caption.doubtful) row.classList.add("najva-doubtful");
  row.append(time, text);
  follow(() => captions.insertBefore(row, draft));
  kept.push(written);
  for (const save of saves) save.hidden = false;
  if (chinese.value) {
    // One after another, beside the sound: a slow translator holds up no caption.
    current.translated = current.translated.then(() => translate(caption.number, chinese.value, row, written, current));
  }
}

async function translate(number, target, row, written, current) {
  let answer;
  try {
    answer = await server.chinese({ session: current.name, number, target });
  } catch (error) {
    answer = { error: "The server cannot be reached." };
  }
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
      if (sentence.flags.length) {
        part.className = "najva-doubtful";
        part.title = sentence.flags.join(" ");
      }
      line.append(part);
    }
    for (const flag of new Set(answer.sentences.flatMap((sentence) => sentence.flags))) line.append(reason(flag));
    written.chinese = answer.sentences.map((sentence) => (sentence.flags.length ? "(?) " : "") + sentence.text).join("");
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
    time.textContent = clock(current.offset + found.start);
    firm.textContent = found.firm;
    pale.textContent = found.pale;
  });
}

async function pump(current) {
  while (true) {
    const chunks = current.pending.splice(0, CHUNKS_PER_MESSAGE);
    const last = current.stopping && !current.pending.length;
    const samples = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let offset = 0;
    for (const chunk of chunks) { samples.set(chunk, offset); offset += chunk.length; }
    if (samples.length || last) {
      current.sent += samples.length;
      let answer;
      try {
        answer = await server.push({
          session: current.name,
          number: current.number++,
          pcm: base64(samples),
          language: language.value,
          target: chinese.value,
          last,
        });
      } catch (error) {
        answer = { error: "The server cannot be reached; what was written stays here." };
      }
      if (answer.error) { release(current); return finish(current, answer.error); }
      answer.captions.forEach((caption) => show(caption, current));
      showDraft(answer.draft, current);
      element.dataset.sent = current.sent;
      element.dataset.received = answer.received;
      if (answer.ended) { release(current); return finish(current, answer.ended); }
      if (last) return finish(current, "Stopped. Everything you said was heard.");
      if (!current.stopping) state.textContent = answer.speaking ? "Listening: you are speaking" : "Listening";
    }
    await new Promise((resume) => setTimeout(resume, 150));
  }
}

function release(current) {
  current.stream.getTracks().forEach((track) => track.stop());
  current.context.close();
}

function finish(current, line) {
  if (session === current) session = null;
  draft.hidden = true;
  button.textContent = "Start speaking";
  button.setAttribute("aria-pressed", "false");
  level.value = 0;
  state.textContent = line;
}

async function start() {
  if (!navigator.mediaDevices) {
    state.textContent = "This browser gives pages a microphone over https only.";
    return;
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false } });
  } catch (error) {
    state.textContent = "The microphone is not available: allow it for this page, or plug one in.";
    return;
  }
  // The browser resamples to Whisper's own rate.
  const context = new AudioContext({ sampleRate: RATE });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
  const current = {
    name: crypto.randomUUID(),
    number: 0,
    sent: 0,
    pending: [],
    stopping: false,
    stream,
    context,
    // Speech after a stop goes on after it.
    offset: kept.length ? Math.ceil(kept[kept.length - 1].end) : 0,
    translated: Promise.resolve(),
  };
  const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 1, channelCount: 1, channelCountMode: "explicit" });
  tap.port.onmessage = ({ data }) => {
    current.pending.push(data);
    level.value = Math.min(1, 3 * Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length));
  };
  context.createMediaStreamSource(stream).connect(tap).connect(context.destination);
  session = current;
  button.textContent = "Stop";
  button.setAttribute("aria-pressed", "true");
  state.textContent = "Listening";
  pump(current);
}

button.addEventListener("click", () => {
  if (!session) return start();
  const current = session;
  state.textContent = "Writing the last sentence…";
  release(current);
  // What the worklet has posted by now is still on its way to `pending`.
  setTimeout(() => (current.stopping = true), 120);
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
    URL.revokeObjectURL(link.href);
  });
}
