// Answers that are none: what proxies, broken hardware and other people's servers send in place of one.

/** Bytes no text encoding of the web accepts, line ends included so that a reader of lines gets to see them. */
export const GARBAGE = Buffer.from('fffe00c3280afe80bf0d0af5ffc0af000a0a64617461c1ed2a', 'hex');

export const HTML_PAGE = `<!DOCTYPE html>
<html>
<head><title>Service temporarily unavailable</title></head>
<body><h1>We will be right back</h1><p>Please try again in a few minutes.</p></body>
</html>
`;
