/* Postrider's portal inside of your page: Postrider.mount(element, { url, onSessionExpired, darkMode, … }) */
(() => {
  const looks = ["primaryColorLight", "primaryColorDark", "icon", "fontFamily", "darkMode", "hideNavigation", "noGutters", "next"];
  window.Postrider = {
    mount(element, options) {
      const frame = document.createElement("iframe");
      const auto = options.fullSize !== false;
      let origin, path, asked = 0;
      const show = (link) => {
        const url = new URL(link);
        for (const name of looks) {
          const value = (name === "next" && path) || options[name];
          if (value != null) url.searchParams.set(name, value);
        }
        origin = url.origin;
        frame.src = url;
      };
      const acts = {
        ready: () => { asked = 0; },
        resize: ({ height }) => { if (auto) frame.style.height = `${height}px`; },
        navigate: (heard) => { path = heard.path; options.onNavigate?.(path); },
        "session-expired": async () => {
          const link = asked++ < 3 && await options.onSessionExpired?.();
          if (link && frame.isConnected) show(link);
        },
      };
      const hear = ({ source, origin: from, data }) => {
        if (source === frame.contentWindow && from === origin && Object.hasOwn(acts, data?.postrider)) acts[data.postrider](data);
      };
      addEventListener("message", hear);
      frame.title = options.title ?? "Webhooks";
      frame.allow = "clipboard-write";
      Object.assign(frame.style, { border: 0, width: "100%", height: auto ? "600px" : "100%" });
      show(options.url);
      element.append(frame);
      return { frame, show, unmount() { removeEventListener("message", hear); frame.remove(); } };
    },
  };
})();
