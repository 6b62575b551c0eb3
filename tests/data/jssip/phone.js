// JsSIP, the phone of browsers, without a browser: it registers, answers OPTIONS, asks OPTIONS.
// Usage: node phone.js ws://HOST:PORT   (NODE_PATH leads to jssip and ws)
// Prints one word per thing that happened; a line on standard input makes it leave.
"use strict";
const JsSIP = require("jssip");
const WebSocket = require("ws");

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
    this.web.on("error", () => {});
    this.web.on("message", (data) => this.ondata(data.toString()));
  }
  disconnect() { this.web.close(1000); }
  send(message) { this.web.send(message); return true; }
  isConnected() { return this.web.readyState === WebSocket.OPEN; }
  isConnecting() { return this.web.readyState === WebSocket.CONNECTING; }
}

const phone = new JsSIP.UA({
  sockets: [new Socket(process.argv[2])],
  uri: "sip:ann@example.com",
  password: "secret",
  register_expires: 120,
});
const say = (...words) => console.log(words.join(" "));
phone.on("connected", () => say("connected"));
phone.on("registered", (e) => {
  say("registered", e.response.status_code);
  phone.sendOptions("sip:bob@example.com", null, {
    eventHandlers: { succeeded: (e) => say("options", e.response.status_code) },
  });
});
phone.on("registrationFailed", (e) => say("refused", e.cause));
phone.on("newOptions", (e) => { if (e.originator === "remote") say("asked"); });
phone.start();
process.stdin.on("data", () => { phone.stop(); setTimeout(() => process.exit(0), 300); });
