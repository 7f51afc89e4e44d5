// The live tab's microphone. Samples gather in `pending`; `pump` sends all of them as soon as the last message was
// answered, so nothing is overwritten and nothing queues up. `element` and `server` are given by gr.HTML.
const RATE = 16000;
// 30 s in the worklet's chunks of 128 samples: the server takes 60 s at most; what is left goes with the next message.
const CHUNKS_PER_MESSAGE = (30 * RATE) / 128;
const button = element.querySelector(".najva-live-button");
const language = element.querySelector(".najva-live-language");
const level = element.querySelector(".najva-live-level");
const state = element.querySelector(".najva-live-state");
const captions = element.querySelector(".najva-live-captions");

const WORKLET = `
registerProcessor("tap", class extends AudioWorkletProcessor {
  process(inputs) {
    const channels = inputs[0];
    if (channels.length) this.port.postMessage(channels[0].slice());
    return true;
  }
});`;

let session = null;

function base64(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  const bytes = new Uint8Array(pcm.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

function show(caption) {
  const row = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("p");
  time.textContent = caption.time;
  time.title = caption.language;
  text.textContent = caption.text;
  // The text's direction is the row's, so that the time of a Persian line stands at its beginning.
  row.dir = "auto";
  if (caption.doubtful) row.classList.add("najva-doubtful");
  row.append(time, text);
  captions.append(row);
  row.scrollIntoView({ block: "nearest" });
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
          session: current.name, number: current.number++, pcm: base64(samples), language: language.value, last,
        });
      } catch (error) {
        answer = { error: "The server cannot be reached; what was written stays here." };
      }
      if (answer.error) { release(current); return finish(current, answer.error); }
      answer.captions.forEach(show);
      element.dataset.sent = current.sent;
      element.dataset.received = answer.received;
      if (answer.ended) { release(current); return finish(current, answer.ended); }
      if (last) return finish(current, "Stopped. Everything you said was heard.");
      state.textContent = answer.speaking ? "Listening: you are speaking" : "Listening";
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
  const current = { name: crypto.randomUUID(), number: 0, sent: 0, pending: [], stopping: false, stream, context };
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
