"use strict";

const ui = document.getElementById("ui");

SwaggerUIBundle({
  domNode: ui,
  url: ui.dataset.document,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: ui.dataset.tryOut === "yes" ? ["get", "put", "post", "delete"] : [],
});
