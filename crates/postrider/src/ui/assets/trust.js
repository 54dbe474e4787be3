// What htmx may do to a page: put markup there that came from this server. It gets no code, neither from scripts in that
// markup nor from attributes. Other scripts of ours have a policy of their own, or put no markup into the page.
(() => {
  "use strict";
  const rules = { createHTML: (markup) => markup, createScript: () => "" };
  const policy = window.trustedTypes ? trustedTypes.createPolicy("postrider", rules) : rules;
  function refused() { throw new Error("no code from attributes"); }
  htmx.registerExtension("trust", { init: (htmx) => htmx.initSecurity(policy, refused, refused) });
})();
