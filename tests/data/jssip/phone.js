// JsSIP, the phone of browsers, without a browser: it registers, asks and answers OPTIONS, calls
// and answers calls with the WebRTC of `@roamhq/wrtc`, sending a tone and listening for one.
// Usage: node phone.js ws[s]://HOST:PORT [sip:USER@DOMAIN PASSWORD [HERTZ]]
// (NODE_PATH leads to the libraries.) Prints a line per thing that happened. Lines on standard
// input: `call URI`, `answer`, `decline`, `hangup`, `hold`, `resume`; anything else: leave.
"use strict";
const JsSIP = require("jssip");
const WebSocket = require("ws");

const [url, uri = "sip:ann@example.com", password = "secret", hertz = "440"] =
  process.argv.slice(2);
const say = (...words) => console.log(words.join(" "));

class Socket {
  constructor(url) {
    this.url = url;
    this.via_transport = url.startsWith("wss") ? "WSS" : "WS";
    this.sip_uri = `sip:${new URL(url).host};transport=ws`;
  }
  connect() {
    this.web = new WebSocket(this.url, "sip");
    this.web.on("open", () => this.onconnect());
    this.web.on("close", (code, reason) => this.ondisconnect(code !== 1000, code, String(reason)));
    this.web.on("error", (e) => say("error", e.code || e.message));
    this.web.on("message", (data) => this.ondata(data.toString()));
  }
  disconnect() { this.web.close(1000); }
  send(message) { this.web.send(message); return true; }
  isConnected() { return this.web.readyState === WebSocket.OPEN; }
  isConnecting() { return this.web.readyState === WebSocket.CONNECTING; }
}

// Sound: 16-bit mono at 48 kHz in blocks of 10 ms, as WebRTC has it.
const RATE = 48000, BLOCK = 480;

function speaking(wrtc) {
  const source = new wrtc.nonstandard.RTCAudioSource();
  let at = 0;
  setInterval(() => {
    const samples = Int16Array.from({ length: BLOCK }, (_, i) =>
      Math.round(8000 * Math.sin((2 * Math.PI * Number(hertz) * (at + i)) / RATE)));
    at += BLOCK;
    source.onData({ samples, sampleRate: RATE, bitsPerSample: 16, channelCount: 1,
      numberOfFrames: BLOCK });
  }, 10);
  const stream = new wrtc.MediaStream();
  stream.addTrack(source.createTrack());
  return stream;
}

// Tells the loudest tone of each half second that is loud enough to be one.
function listening(wrtc, track) {
  let heard = [], rate = RATE;
  const every = 6; // of 48,000 samples a second: enough for tones below 2 kHz
  new wrtc.nonstandard.RTCAudioSink(track).ondata = ({ samples, sampleRate, channelCount }) => {
    rate = sampleRate / every;
    for (let i = 0; i < samples.length; i += every * channelCount) heard.push(samples[i]);
    if (heard.length < rate / 2) return;
    let best = [0, 0];
    for (let tone = 200; tone <= 2000; tone += 20) {
      let re = 0, im = 0;
      heard.forEach((value, i) => {
        re += value * Math.cos((2 * Math.PI * tone * i) / rate);
        im += value * Math.sin((2 * Math.PI * tone * i) / rate);
      });
      const level = Math.hypot(re, im) / heard.length;
      if (level > best[0]) best = [level, tone];
    }
    heard = [];
    if (best[0] > 500) say("heard", best[1]);
  };
}

const phone = new JsSIP.UA({
  sockets: [new Socket(url)], uri, password, register_expires: 120, session_timers: false,
});
phone.on("connected", () => say("connected"));
phone.on("registered", (e) => {
  say("registered", e.response.status_code);
  phone.sendOptions(uri.replace(/:.*@/, ":bob@"), null, {
    eventHandlers: {
      succeeded: (e) => say("options", e.response.status_code),
      failed: (e) => say("options", e.response ? e.response.status_code : e.cause),
    },
  });
});
phone.on("registrationFailed", (e) => say("refused", e.response ? e.response.status_code : e.cause));
phone.on("newOptions", (e) => { if (e.originator === "remote") say("asked"); });

let session = null, wrtc = null, stream = null;

// Only a phone that calls needs WebRTC: its threads keep a process busy.
function loaded() {
  return (wrtc ??= require("@roamhq/wrtc"));
}
globalThis.window = globalThis;
for (const name of ["RTCPeerConnection", "RTCSessionDescription", "MediaStream"]) {
  Object.defineProperty(globalThis, name, { get: () => loaded()[name] });
}
function media() {
  stream ??= speaking(loaded());
  return { mediaStream: stream, pcConfig: { iceServers: [] } };
}

function follow(made) {
  session = made;
  const hear = (e) => e.peerconnection.addEventListener("track", (t) => listening(wrtc, t.track));
  if (made.connection) hear({ peerconnection: made.connection });
  made.on("peerconnection", hear);
  made.on("progress", (e) => {
    if (e.originator === "remote") say("progress", e.response.status_code);
  });
  made.on("confirmed", () => say("confirmed"));
  made.on("hold", (e) => say("hold", e.originator));
  made.on("unhold", (e) => say("unhold", e.originator));
  made.on("failed", (e) => say("failed", (e.message && e.message.status_code) || e.cause));
  made.on("ended", (e) => say("ended", e.originator));
}
phone.on("newRTCSession", (e) => {
  if (e.originator !== "remote") return;
  follow(e.session);
  say("incoming", e.request.from.uri.user);
});

const verbs = {
  call: (to) => {
    const session = phone.call(to, { ...media(), mediaConstraints: { audio: true, video: false } });
    follow(session);
  },
  answer: () => session.answer(media()),
  decline: () => session.terminate({ status_code: 603 }),
  hangup: () => session.terminate(),
  hold: () => session.hold({}, () => say("held")),
  resume: () => session.unhold({}, () => say("resumed")),
};
const leave = () => { phone.stop(); setTimeout(() => process.exit(0), 300); };
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [verb, ...rest] = line.split(" ");
  if (verb in verbs) verbs[verb](...rest); else leave();
}).on("close", leave);
phone.start();
