//! Places: real provinces, cities and districts with their codes (GB/T 2260), invented roads.

use super::draws::Draws;

/// A province-level division.
#[derive(Debug)]
pub struct Province {
    /// The full name.
    pub name: &'static str,
    /// The first two digits of its code.
    pub code: u8,
    /// The first two digits of its postcodes.
    pub postcode: &'static str,
    /// Some of its cities.
    pub cities: &'static [City],
    weight: u8,
}

/// A prefecture-level division.
#[derive(Debug)]
pub struct City {
    /// The full name.
    pub name: &'static str,
    /// The six-digit code.
    pub code: u32,
    /// Some of its districts; none where the city has none.
    pub districts: &'static [&'static str],
}

/// Draws a province, the populous ones more often.
#[inline]
#[must_use]
pub fn draw_province(draws: &mut Draws) -> &'static Province {
    &PROVINCES[usize::from(draws.pick(&BY_WEIGHT)) % PROVINCES.len()]
}

/// Draws a city of a province.
#[inline]
#[must_use]
pub fn draw_city(draws: &mut Draws, province: &Province) -> &'static City {
    &province.cities[any(draws, province.cities.len())]
}

/// Draws a district of a city that has districts.
#[inline]
#[must_use]
pub fn draw_district(draws: &mut Draws, city: &City) -> Option<&'static str> {
    city.districts
        .get(any(draws, city.districts.len()))
        .copied()
}

/// Appends an address line: a road that does not exist, a number beyond the real ones, and a flat.
#[inline]
pub fn push_address_line(draws: &mut Draws, out: &mut String) {
    out.push_str(draws.pick(&ROADS));
    out.push_str(draws.pick(&["路", "街", "大道", "巷"]));
    push_number(out, 9000 + draws.below(1000));
    out.push('号');
    push_number(out, 1 + draws.below(60));
    out.push_str("号楼");
    push_number(out, 1 + draws.below(8));
    out.push_str("单元");
    push_number(out, 101 + 100 * draws.below(33) + draws.below(4));
    out.push('室');
}

/// Appends a postcode of a province.
#[inline]
pub fn push_postcode(draws: &mut Draws, province: &Province, out: &mut String) {
    out.push_str(province.postcode);
    push_number(out, 1000 + draws.below(9000));
}

/// Appends a number of at most four digits.
#[inline]
fn push_number(out: &mut String, number: u32) {
    let mut unit = 1000;
    while unit > 0 {
        if number >= unit {
            out.push(char::from(b'0' + (number / unit % 10) as u8));
        }
        unit /= 10;
    }
}

/// Draws an index of a list.
fn any(draws: &mut Draws, len: usize) -> usize {
    draws.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
}

/// Returns the index of each province as often as its weight says.
const fn by_weight() -> [u8; 114] {
    let mut table = [0; 114];
    let (mut at, mut province, mut index) = (0, 0, 0);
    while province < PROVINCES.len() {
        let mut i = 0;
        while i < PROVINCES[province].weight {
            table[at] = index;
            at += 1;
            i += 1;
        }
        province += 1;
        index += 1;
    }
    assert!(
        at == table.len(),
        "the table is as long as the sum of the weights"
    );
    table
}

const fn province(
    name: &'static str,
    code: u8,
    postcode: &'static str,
    weight: u8,
    cities: &'static [City],
) -> Province {
    Province {
        name,
        code,
        postcode,
        cities,
        weight,
    }
}

const fn city(name: &'static str, code: u32, districts: &'static [&'static str]) -> City {
    City {
        name,
        code,
        districts,
    }
}

static BY_WEIGHT: [u8; 114] = by_weight();
/// The mainland's 31 province-level divisions.
pub static PROVINCES: [Province; 31] = [
    province(
        "北京市",
        11,
        "10",
        4,
        &[city(
            "北京市",
            110_100,
            &["东城区", "西城区", "朝阳区", "海淀区", "丰台区", "通州区"],
        )],
    ),
    province(
        "天津市",
        12,
        "30",
        2,
        &[city(
            "天津市",
            120_100,
            &["和平区", "河西区", "南开区", "西青区"],
        )],
    ),
    province(
        "河北省",
        13,
        "05",
        5,
        &[
            city("石家庄市", 130_100, &["长安区", "桥西区", "裕华区"]),
            city("唐山市", 130_200, &["路南区", "路北区", "丰润区"]),
            city("保定市", 130_600, &["竞秀区", "莲池区", "清苑区"]),
        ],
    ),
    province(
        "山西省",
        14,
        "03",
        3,
        &[
            city("太原市", 140_100, &["小店区", "迎泽区", "万柏林区"]),
            city("大同市", 140_200, &["平城区", "云冈区", "新荣区"]),
        ],
    ),
    province(
        "内蒙古自治区",
        15,
        "01",
        2,
        &[
            city("呼和浩特市", 150_100, &["新城区", "回民区", "赛罕区"]),
            city("包头市", 150_200, &["东河区", "昆都仑区", "青山区"]),
        ],
    ),
    province(
        "辽宁省",
        21,
        "11",
        3,
        &[
            city("沈阳市", 210_100, &["和平区", "沈河区", "铁西区"]),
            city("大连市", 210_200, &["中山区", "西岗区", "甘井子区"]),
        ],
    ),
    province(
        "吉林省",
        22,
        "13",
        2,
        &[
            city("长春市", 220_100, &["南关区", "朝阳区", "绿园区"]),
            city("吉林市", 220_200, &["昌邑区", "龙潭区", "船营区"]),
        ],
    ),
    province(
        "黑龙江省",
        23,
        "15",
        2,
        &[
            city("哈尔滨市", 230_100, &["道里区", "南岗区", "香坊区"]),
            city("大庆市", 230_600, &["萨尔图区", "让胡路区", "红岗区"]),
        ],
    ),
    province(
        "上海市",
        31,
        "20",
        5,
        &[city(
            "上海市",
            310_100,
            &["黄浦区", "徐汇区", "浦东新区", "闵行区", "嘉定区", "松江区"],
        )],
    ),
    province(
        "江苏省",
        32,
        "21",
        8,
        &[
            city("南京市", 320_100, &["玄武区", "秦淮区", "建邺区", "江宁区"]),
            city("无锡市", 320_200, &["锡山区", "惠山区", "滨湖区"]),
            city("苏州市", 320_500, &["姑苏区", "吴中区", "相城区"]),
        ],
    ),
    province(
        "浙江省",
        33,
        "31",
        8,
        &[
            city("杭州市", 330_100, &["上城区", "西湖区", "余杭区", "萧山区"]),
            city("宁波市", 330_200, &["海曙区", "江北区", "鄞州区"]),
            city("温州市", 330_300, &["鹿城区", "龙湾区", "瓯海区"]),
        ],
    ),
    province(
        "安徽省",
        34,
        "23",
        4,
        &[
            city("合肥市", 340_100, &["瑶海区", "庐阳区", "蜀山区", "包河区"]),
            city("芜湖市", 340_200, &["镜湖区", "鸠江区", "弋江区"]),
        ],
    ),
    province(
        "福建省",
        35,
        "35",
        3,
        &[
            city("福州市", 350_100, &["鼓楼区", "台江区", "仓山区"]),
            city("厦门市", 350_200, &["思明区", "湖里区", "集美区"]),
            city("泉州市", 350_500, &["鲤城区", "丰泽区", "洛江区"]),
        ],
    ),
    province(
        "江西省",
        36,
        "33",
        3,
        &[
            city("南昌市", 360_100, &["东湖区", "西湖区", "青云谱区"]),
            city("赣州市", 360_700, &["章贡区", "南康区", "赣县区"]),
        ],
    ),
    province(
        "山东省",
        37,
        "25",
        7,
        &[
            city("济南市", 370_100, &["历下区", "市中区", "历城区"]),
            city("青岛市", 370_200, &["市南区", "市北区", "崂山区"]),
            city("烟台市", 370_600, &["芝罘区", "福山区", "莱山区"]),
        ],
    ),
    province(
        "河南省",
        41,
        "45",
        6,
        &[
            city("郑州市", 410_100, &["中原区", "二七区", "金水区"]),
            city("洛阳市", 410_300, &["老城区", "西工区", "涧西区"]),
        ],
    ),
    province(
        "湖北省",
        42,
        "43",
        4,
        &[
            city("武汉市", 420_100, &["江岸区", "江汉区", "武昌区", "洪山区"]),
            city("宜昌市", 420_500, &["西陵区", "伍家岗区", "夷陵区"]),
        ],
    ),
    province(
        "湖南省",
        43,
        "41",
        4,
        &[
            city("长沙市", 430_100, &["芙蓉区", "天心区", "岳麓区"]),
            city("株洲市", 430_200, &["荷塘区", "芦淞区", "天元区"]),
        ],
    ),
    province(
        "广东省",
        44,
        "51",
        12,
        &[
            city("广州市", 440_100, &["越秀区", "海珠区", "天河区", "番禺区"]),
            city("深圳市", 440_300, &["罗湖区", "福田区", "南山区", "宝安区"]),
            city("佛山市", 440_600, &["禅城区", "南海区", "顺德区"]),
            city("东莞市", 441_900, &[]),
        ],
    ),
    province(
        "广西壮族自治区",
        45,
        "53",
        3,
        &[
            city("南宁市", 450_100, &["兴宁区", "青秀区", "西乡塘区"]),
            city("桂林市", 450_300, &["秀峰区", "叠彩区", "七星区"]),
        ],
    ),
    province(
        "海南省",
        46,
        "57",
        1,
        &[
            city("海口市", 460_100, &["秀英区", "龙华区", "琼山区"]),
            city("三亚市", 460_200, &["吉阳区", "天涯区", "海棠区"]),
        ],
    ),
    province(
        "重庆市",
        50,
        "40",
        3,
        &[city(
            "重庆市",
            500_100,
            &["渝中区", "江北区", "南岸区", "沙坪坝区"],
        )],
    ),
    province(
        "四川省",
        51,
        "61",
        5,
        &[
            city("成都市", 510_100, &["锦江区", "青羊区", "武侯区", "双流区"]),
            city("绵阳市", 510_700, &["涪城区", "游仙区", "安州区"]),
        ],
    ),
    province(
        "贵州省",
        52,
        "55",
        2,
        &[
            city("贵阳市", 520_100, &["南明区", "云岩区", "花溪区"]),
            city("遵义市", 520_300, &["红花岗区", "汇川区", "播州区"]),
        ],
    ),
    province(
        "云南省",
        53,
        "65",
        3,
        &[
            city("昆明市", 530_100, &["五华区", "盘龙区", "官渡区"]),
            city("曲靖市", 530_300, &["麒麟区", "沾益区", "马龙区"]),
        ],
    ),
    province(
        "西藏自治区",
        54,
        "85",
        1,
        &[city("拉萨市", 540_100, &["城关区", "堆龙德庆区", "达孜区"])],
    ),
    province(
        "陕西省",
        61,
        "71",
        3,
        &[
            city("西安市", 610_100, &["新城区", "碑林区", "雁塔区", "长安区"]),
            city("咸阳市", 610_400, &["秦都区", "渭城区"]),
        ],
    ),
    province(
        "甘肃省",
        62,
        "73",
        2,
        &[
            city("兰州市", 620_100, &["城关区", "七里河区", "安宁区"]),
            city("天水市", 620_500, &["秦州区", "麦积区"]),
        ],
    ),
    province(
        "青海省",
        63,
        "81",
        1,
        &[city("西宁市", 630_100, &["城东区", "城中区", "城西区"])],
    ),
    province(
        "宁夏回族自治区",
        64,
        "75",
        1,
        &[city("银川市", 640_100, &["兴庆区", "西夏区", "金凤区"])],
    ),
    province(
        "新疆维吾尔自治区",
        65,
        "83",
        2,
        &[
            city("乌鲁木齐市", 650_100, &["天山区", "沙依巴克区", "水磨沟区"]),
            city("克拉玛依市", 650_200, &["克拉玛依区", "独山子区"]),
        ],
    ),
];
/// Words that name roads and companies, and nothing real.
pub(super) static ROADS: [&str; 60] = [
    "云栎", "星澄", "岚泊", "霁川", "青黍", "鹿眠", "鹭汀", "松霭", "桐雾", "槐序", "蓼汀", "荻浦",
    "葭月", "苇杭", "芷溪", "蘅皋", "枫渡", "梨照", "杏坞", "橘洲", "棠影", "榆夏", "楸荫", "梓泽",
    "柘冈", "桑屿", "竹喧", "兰棹", "菱歌", "荷声", "莼乡", "茗岭", "砚池", "墨泉", "书舟", "画溪",
    "琴泽", "棋峰", "钟渚", "磬湾", "远帆", "归棹", "渔灯", "樵径", "牧云", "耕烟", "织雨", "锦浪",
    "素波", "清漪", "澄潭", "碧涧", "寒泉", "暖沙", "晴岚", "晓霜", "暮雪", "新笋", "初荷", "残照",
];
