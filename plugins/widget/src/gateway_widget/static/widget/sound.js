// A soft two-note sign for new messages, made by the browser itself.

let context = null;

export function chime() {
  try {
    context ??= new AudioContext();
    note(660, 0);
    note(880, 0.11);
  } catch {
    // No sound device: the unread count is enough.
  }
}

function note(frequency, delay) {
  const start = context.currentTime + delay;
  const tone = new OscillatorNode(context, { frequency, type: "sine" });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + 0.4);
}
