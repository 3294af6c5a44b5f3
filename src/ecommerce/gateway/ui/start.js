"use strict";

SwaggerUIBundle({
  dom_id: "#api",
  url: "/schema/openapi.json",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // it would ask a server elsewhere
});
