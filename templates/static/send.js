"use strict";
// A form that only passes on what another site has had the browser post; without this script its button does it.
document.querySelector("form[data-send]").requestSubmit();
