// On the tablet of an assembly: whoever walks away is signed out, nothing is kept, and a slip is read by scanner or camera.

const WARN = 45_000; // milliseconds without a touch or a key
const IDLE = 60_000;
const main = document.querySelector("main");
const leave = document.getElementById("leave"); // the form that ends what is going on; none on the first page
const idle = document.getElementById("idle");
let touched = Date.now();
let left = false;

function look() {
  const still = Date.now() - touched;
  const seconds = Math.max(0, Math.ceil((IDLE - still) / 1000));
  idle.hidden = still < WARN;
  if (!idle.hidden) idle.textContent = idle.dataset.words.replace("{seconds}", seconds);
  if (still < IDLE || left) return;
  left = true;
  sessionStorage.clear();
  leave.requestSubmit();
}

// The camera, where the browser reads QR codes itself; a scanner that types needs nothing of this.
async function scan() {
  const video = document.getElementById("camera");
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    document.getElementById("status").textContent = JSON.parse(main.dataset.words).camera;
    return;
  }
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  let found = [];
  while (found.length === 0) {
    await new Promise((resume) => requestAnimationFrame(resume));
    found = await detector.detect(video).catch(() => []);
  }
  for (const track of stream.getTracks()) track.stop();
  document.getElementById("code").value = found[0].rawValue;
  document.getElementById("slip").requestSubmit();
}

// A page that the browser kept alive would show the person before.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
if (leave) {
  for (const kind of ["pointerdown", "keydown", "input", "scroll"]) {
    window.addEventListener(kind, () => (touched = Date.now()), { capture: true, passive: true });
  }
  setInterval(look, 1000);
} else if (main.dataset.kiosk === "start") {
  sessionStorage.clear();
  const button = document.getElementById("scan");
  button.hidden = !("BarcodeDetector" in window && navigator.mediaDevices);
  button.addEventListener("click", scan);
}
