// Submits the form that leads back to an app. Without script the person presses its button.
document.querySelector("form[data-submit]").submit();
