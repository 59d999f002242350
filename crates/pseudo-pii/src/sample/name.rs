//! Names in Chinese characters and in pinyin, from pools of our own.

use super::draws::Draws;
use super::place::ROADS;

/// A name: two to four characters, or two words joined by a middle dot.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    family: Syllables,
    given: [Syllables; 2],
    dotted: bool,
}

impl Name {
    /// Draws a name.
    #[inline]
    #[must_use]
    pub fn draw(draws: &mut Draws, male: bool) -> Self {
        if draws.per_mille(DOTTED_PER_MILLE) {
            let own = if male {
                draws.pick(&DOTTED_MALE)
            } else {
                draws.pick(&DOTTED_FEMALE)
            };
            let given = [draws.pick(&DOTTED_FATHERS), NONE];
            return Self {
                family: own,
                given,
                dotted: true,
            };
        }
        let family = draws.pick_skewed(&SURNAMES);
        let pool = if male { &MALE } else { &FEMALE };
        let first = draws.pick(pool);
        let second = if draws.per_mille(SHORT_PER_MILLE) {
            NONE
        } else {
            draws.pick(pool)
        };
        Self {
            family,
            given: [first, second],
            dotted: false,
        }
    }

    /// Appends the name as it is written.
    #[inline]
    pub fn push(&self, out: &mut String) {
        out.push_str(self.family.0);
        if self.dotted {
            out.push('·');
        }
        out.push_str(self.given[0].0);
        out.push_str(self.given[1].0);
    }

    /// Appends the name in lower-case pinyin without spaces, which is ASCII.
    #[inline]
    pub fn push_pinyin(&self, out: &mut String) {
        out.push_str(self.family.1);
        out.push_str(self.given[0].1);
        out.push_str(self.given[1].1);
    }
}

/// Appends the name of a company that says it is an example.
pub fn push_company(draws: &mut Draws, out: &mut String) {
    out.push_str(draws.pick(&ROADS));
    out.push_str("示例");
    out.push_str(draws.pick(&["科技", "贸易", "物流", "咨询", "建设", "汽车租赁"]));
    out.push_str("有限公司");
}

/// Characters and their pinyin.
type Syllables = (&'static str, &'static str);

/// Joins two pools of the same length.
const fn zip<const N: usize>(han: [&'static str; N], pinyin: [&'static str; N]) -> [Syllables; N] {
    let mut pairs = [NONE; N];
    let mut i = 0;
    while i < N {
        pairs[i] = (han[i], pinyin[i]);
        i += 1;
    }
    pairs
}

const NONE: Syllables = ("", "");
const DOTTED_PER_MILLE: u32 = 4;
const SHORT_PER_MILLE: u32 = 150;
const DOTTED_MALE: [Syllables; 4] = [
    ("艾力", "aili"),
    ("吐尔逊", "tuerxun"),
    ("买买提", "maimaiti"),
    ("阿布都", "abudu"),
];
const DOTTED_FEMALE: [Syllables; 4] = [
    ("古丽", "guli"),
    ("阿依努尔", "ayinuer"),
    ("热依拉", "reyila"),
    ("帕提曼", "patiman"),
];
const DOTTED_FATHERS: [Syllables; 4] = [
    ("吐鲁洪", "tuluhong"),
    ("依明", "yiming"),
    ("肉孜", "rouzi"),
    ("卡德尔", "kadeer"),
];
/// Family names, the most frequent first.
static SURNAMES: [Syllables; 100] = zip(SURNAME_HAN, SURNAME_PINYIN);
static MALE: [Syllables; 100] = zip(MALE_HAN, MALE_PINYIN);
static FEMALE: [Syllables; 100] = zip(FEMALE_HAN, FEMALE_PINYIN);
const SURNAME_HAN: [&str; 100] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "邓", "冯", "曹", "彭", "曾",
    "肖", "田", "董", "潘", "袁", "蔡", "蒋", "余", "于", "杜", "叶", "程", "魏", "苏", "吕", "丁",
    "任", "卢", "姚", "沈", "钟", "姜", "崔", "谭", "陆", "范", "汪", "廖", "石", "金", "韦", "贾",
    "夏", "付", "方", "邹", "熊", "白", "孟", "秦", "邱", "侯", "江", "尹", "薛", "闫", "段", "雷",
    "龙", "黎", "史", "陶", "贺", "毛", "郝", "顾", "龚", "邵", "万", "覃", "武", "钱", "戴", "严",
    "欧阳", "令狐", "司马", "诸葛",
];
const SURNAME_PINYIN: [&str; 100] = [
    "wang", "li", "zhang", "liu", "chen", "yang", "huang", "zhao", "wu", "zhou", "xu", "sun", "ma",
    "zhu", "hu", "guo", "he", "lin", "gao", "luo", "zheng", "liang", "xie", "song", "tang", "xu",
    "han", "deng", "feng", "cao", "peng", "zeng", "xiao", "tian", "dong", "pan", "yuan", "cai",
    "jiang", "yu", "yu", "du", "ye", "cheng", "wei", "su", "lv", "ding", "ren", "lu", "yao",
    "shen", "zhong", "jiang", "cui", "tan", "lu", "fan", "wang", "liao", "shi", "jin", "wei",
    "jia", "xia", "fu", "fang", "zou", "xiong", "bai", "meng", "qin", "qiu", "hou", "jiang", "yin",
    "xue", "yan", "duan", "lei", "long", "li", "shi", "tao", "he", "mao", "hao", "gu", "gong",
    "shao", "wan", "qin", "wu", "qian", "dai", "yan", "ouyang", "linghu", "sima", "zhuge",
];
const MALE_HAN: [&str; 100] = [
    "伟", "强", "军", "勇", "杰", "涛", "磊", "明", "超", "鹏", "华", "平", "刚", "辉", "飞", "斌",
    "波", "峰", "龙", "建", "国", "志", "文", "浩", "宇", "轩", "博", "晨", "凯", "鑫", "亮", "俊",
    "海", "林", "东", "新", "天", "成", "家", "子", "昊", "然", "泽", "航", "睿", "阳", "旭", "彬",
    "健", "康", "富", "贵", "金", "荣", "祥", "福", "德", "义", "仁", "忠", "永", "庆", "世", "广",
    "万", "利", "清", "良", "山", "松", "柏", "毅", "坚", "振", "启", "传", "继", "光", "兴", "宏",
    "弘", "景", "诚", "瑞", "恒", "立", "学", "思", "源", "正", "洪", "征", "威", "铭", "钧", "霖",
    "楠", "羽", "川", "野",
];
const MALE_PINYIN: [&str; 100] = [
    "wei", "qiang", "jun", "yong", "jie", "tao", "lei", "ming", "chao", "peng", "hua", "ping",
    "gang", "hui", "fei", "bin", "bo", "feng", "long", "jian", "guo", "zhi", "wen", "hao", "yu",
    "xuan", "bo", "chen", "kai", "xin", "liang", "jun", "hai", "lin", "dong", "xin", "tian",
    "cheng", "jia", "zi", "hao", "ran", "ze", "hang", "rui", "yang", "xu", "bin", "jian", "kang",
    "fu", "gui", "jin", "rong", "xiang", "fu", "de", "yi", "ren", "zhong", "yong", "qing", "shi",
    "guang", "wan", "li", "qing", "liang", "shan", "song", "bai", "yi", "jian", "zhen", "qi",
    "chuan", "ji", "guang", "xing", "hong", "hong", "jing", "cheng", "rui", "heng", "li", "xue",
    "si", "yuan", "zheng", "hong", "zheng", "wei", "ming", "jun", "lin", "nan", "yu", "chuan",
    "ye",
];
const FEMALE_HAN: [&str; 100] = [
    "芳", "娜", "敏", "静", "丽", "艳", "霞", "燕", "玲", "娟", "红", "梅", "英", "秀", "兰", "慧",
    "洁", "颖", "琳", "雪", "婷", "萍", "蕾", "莉", "倩", "佳", "欣", "怡", "悦", "萌", "雨", "涵",
    "梦", "琪", "诗", "语", "嘉", "妍", "晴", "莹", "珍", "凤", "春", "菊", "云", "莲", "香", "月",
    "桂", "玉", "瑶", "璐", "薇", "蓉", "茜", "菲", "芸", "苗", "青", "岚", "黛", "彤", "晓", "楚",
    "梓", "若", "依", "心", "可", "卉", "蕊", "芝", "素", "淑", "惠", "巧", "美", "娇", "婉", "柔",
    "宁", "安", "乐", "歌", "画", "星", "露", "霜", "冰", "夏", "秋", "冬", "竹", "荷", "桃", "杏",
    "柳", "枫", "棠", "桐",
];
const FEMALE_PINYIN: [&str; 100] = [
    "fang", "na", "min", "jing", "li", "yan", "xia", "yan", "ling", "juan", "hong", "mei", "ying",
    "xiu", "lan", "hui", "jie", "ying", "lin", "xue", "ting", "ping", "lei", "li", "qian", "jia",
    "xin", "yi", "yue", "meng", "yu", "han", "meng", "qi", "shi", "yu", "jia", "yan", "qing",
    "ying", "zhen", "feng", "chun", "ju", "yun", "lian", "xiang", "yue", "gui", "yu", "yao", "lu",
    "wei", "rong", "qian", "fei", "yun", "miao", "qing", "lan", "dai", "tong", "xiao", "chu", "zi",
    "ruo", "yi", "xin", "ke", "hui", "rui", "zhi", "su", "shu", "hui", "qiao", "mei", "jiao",
    "wan", "rou", "ning", "an", "le", "ge", "hua", "xing", "lu", "shuang", "bing", "xia", "qiu",
    "dong", "zhu", "he", "tao", "xing", "liu", "feng", "tang", "tong",
];
