// The page /selesai/{session}: hand a verification address on, where the device can share.

for (const button of document.querySelectorAll("button.share")) {
  button.hidden = !navigator.share;
  button.addEventListener("click", () => {
    navigator.share({ title: button.dataset.title, url: button.dataset.url }).catch(() => {});
  });
}
