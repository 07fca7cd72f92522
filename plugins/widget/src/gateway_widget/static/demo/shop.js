// The shop's own script: it speaks to the chat by the page API, as any site would.

const line = `<script type="module" src="${new URL("widget.js", location.href.split("#")[0])}"></script>`;
document.querySelector("#line").textContent = line;

for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => {
    (window.GatewayChat ??= []).push((chat) => {
      if (button.dataset.ask) chat.setAttributes({ product: button.dataset.ask });
      chat.open();
    });
  });
}
