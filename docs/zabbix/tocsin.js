// Zabbix webhook media type for tocsin (Zabbix 5.4 and newer).
// Sends the parameters of the media type, as they are, to POST /hooks/zabbix/NAME.
// Parameters that the script itself needs: url, token, http_proxy (may be empty).
try {
    var params = JSON.parse(value), own = ['url', 'token', 'http_proxy'], body = {}, name;

    if (!/^https?:\/\//.test(params.url || '')) {
        throw 'set the parameter url to https://tocsin.example.com/hooks/zabbix/NAME';
    }
    if (!params.token) {
        throw 'set the parameter token to the bearer token of the hook';
    }
    for (name in params) {
        if (own.indexOf(name) === -1) {
            body[name] = params[name];
        }
    }
    // {EVENT.DATE} and {EVENT.TIME} are local times of this server, and do not say so.
    body.utc_offset = String(-new Date().getTimezoneOffset());

    var request = new HttpRequest();
    if (params.http_proxy) {
        request.setProxy(params.http_proxy);
    }
    request.addHeader('Content-Type: application/json');
    request.addHeader('Authorization: Bearer ' + params.token);
    var answer = request.post(params.url, JSON.stringify(body));
    if (request.getStatus() < 200 || request.getStatus() > 299) {
        throw 'tocsin answered ' + request.getStatus() + ': ' + answer;
    }
    return 'OK';
}
catch (error) {
    Zabbix.log(3, '[tocsin] ' + error);
    throw 'tocsin: ' + error;
}
